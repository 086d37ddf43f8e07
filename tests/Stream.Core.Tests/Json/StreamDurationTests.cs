namespace GetStream.Tests.Json;

public sealed class StreamDurationTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "0.000000001s")]
    [InlineData(1_500_000_000, "1.5s")]
    [InlineData(90_000_000_000, "1m30s")]
    [InlineData(129_605_250_000_000, "36h0m5.25s")]
    [InlineData(-60_000_000_000, "-1m0s")]
    [InlineData(long.MinValue, "-2562047h47m16.854775808s")]
    [InlineData(long.MaxValue, "2562047h47m16.854775807s")]
    public void Text_and_nanoseconds_agree(long nanoseconds, string text)
    {
        Assert.Equal(text, StreamDuration.FromNanoseconds(nanoseconds).ToString());
        Assert.Equal(nanoseconds, StreamDuration.Parse(text).Nanoseconds);
    }

    [Theory]
    [InlineData("250ms", 250_000_000)]
    [InlineData("3us", 3_000)]
    [InlineData("3µs", 3_000)]
    [InlineData("7ns", 7)]
    [InlineData("1h1s", 3_601_000_000_000)]
    [InlineData("0", 0)]
    public void Every_unit_is_read(string text, long nanoseconds) =>
        Assert.Equal(nanoseconds, StreamDuration.Parse(text).Nanoseconds);

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1")]
    [InlineData("h")]
    [InlineData("1x")]
    [InlineData("1.2.3s")]
    [InlineData("9999999h")]
    [InlineData("99999999999999999999999999999h")]
    public void Other_text_is_refused(string text) => Assert.False(StreamDuration.TryParse(text, null, out _));
}
