using System.Text;
using System.Text.Json;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class JsonScannerTests
{
    private const string Padding = "                                ";

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"a":[1,{"b":"}]"}],"c":"{["}""")]
    [InlineData("""["0123456789012345678901234567","}","]"]""")]
    public void Length_IsThatOfTheFirstValue(string value)
    {
        Assert.Equal(value.Length, Scan(value + "}" + Padding));
        Assert.Equal(value.Length, Scan(value + ",\"more\":{}" + Padding));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("{\"a\":\"\\\"\"}")]
    [InlineData("{\"open\":[")]
    [InlineData("{\"open\":\"}")]
    public void Length_IsLeftToAReader(string value) => Assert.Equal(-1, Scan(value + Padding));

    [Fact]
    public void ShortText_IsLeftToAReader() => Assert.Equal(-1, Scan("{}"));

    [Fact]
    public void RandomValues_AreCutWhereTheyEnd()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 5000; i++)
        {
            var value = RandomValue(random, depth: 0);
            var json = Encoding.UTF8.GetBytes(value + ",\"x\":[{}]}" + Padding);
            JsonDocument.Parse(value).Dispose();

            var length = JsonScanner.LengthOfFirstValue(json);

            Assert.Equal(value[0] is '{' or '[' ? Encoding.UTF8.GetByteCount(value) : -1, length);
        }
    }

    private static int Scan(string json) => JsonScanner.LengthOfFirstValue(Encoding.UTF8.GetBytes(json));

    private static string RandomValue(Random random, int depth) => random.Next(depth > 4 ? 3 : 5) switch
    {
        0 => $"{random.Next()}",
        1 => "true",
        2 => RandomText(random),
        3 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))) + "]",
        _ => "{" + string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(i => $"\"{i}{{\":{RandomValue(random, depth + 1)}")) + "}",
    };

    private static string RandomText(Random random)
    {
        const string Letters = "ab{}[],: ü😀";
        return "\"" + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Letters[random.Next(Letters.Length - 2)])) + "\"";
    }
}
