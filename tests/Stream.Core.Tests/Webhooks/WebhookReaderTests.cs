using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Json;
using GetStream.Models;
using GetStream.Tests.Spec;
using GetStream.Webhooks;
using Xunit.Abstractions;

namespace GetStream.Tests.Webhooks;

public sealed class WebhookReaderTests(ITestOutputHelper output)
{
    private const string Secret = "a secret for tests";

    private static readonly WebhookReader s_reader = new(Secret);

    [Fact]
    public void Every_event_type_is_read_into_its_own_class_and_written_back()
    {
        var samples = new SampleWriter(Facts.Server, new SampleOptions());
        var count = 0;
        foreach (var name in Facts.Server.Events.Keys)
        {
            var json = samples.Write(name);

            var read = s_reader.ReadHttp(json, Sign(json));

            Assert.Equal(name, read.Event.GetType().Name);
            Assert.Equal(Encoding.UTF8.GetString(json), StreamJson.Serialize(read));
            count++;
        }

        output.WriteLine($"{count}/{Facts.Server.Events.Count} events");
        Assert.Equal(168, count);
    }

    [Fact]
    public void Every_value_of_the_discriminator_leads_to_its_class()
    {
        var mapping = Facts.Server.Type("WHEvent").GetProperty("mapping");
        var samples = new SampleWriter(Facts.Server, new SampleOptions(RequiredOnly: true));
        foreach (var (type, name) in mapping.EnumerateObject().Select(p => (p.Name, p.Value.GetString()!)))
        {
            var json = System.Text.Json.Nodes.JsonNode.Parse(samples.Write(name))!;
            json["type"] = type;

            var read = WebhookReader.Parse(Encoding.UTF8.GetBytes(json.ToJsonString())).Event;

            Assert.Equal(name, read.GetType().Name);
            Assert.Equal(type, read.Type);
        }
    }

    [Theory]
    [InlineData("""{"type":"brand.new","a":[1.50,{"b":null}]}""", "brand.new")]
    [InlineData("""{"a":1}""", "")]
    [InlineData("""{"type":7}""", "")]
    public void Unknown_events_are_kept_whole(string json, string type)
    {
        var read = WebhookReader.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Equal(type, Assert.IsType<UnknownEvent>(read.Event).Type);
        Assert.Equal(json, StreamJson.Serialize(read));
    }

    [Fact]
    public void Compressed_events_carry_the_signature_of_the_plain_ones()
    {
        var json = """{"type":"brand.new"}"""u8.ToArray();

        Assert.Equal("brand.new", s_reader.ReadHttp(Gzip(json), Sign(json)).Event.Type);
        Assert.Equal("brand.new", s_reader.ReadHttp(Gzip(json), Sign(json).ToUpperInvariant()).Event.Type);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    public void Bad_signatures_are_refused(string? signature) =>
        Assert.Equal(
            WebhookError.BadSignature,
            Assert.Throws<WebhookException>(() => s_reader.ReadHttp("{}"u8.ToArray(), signature)).Error);

    [Fact]
    public void A_changed_byte_breaks_the_signature()
    {
        var json = """{"type":"brand.new","n":1}"""u8.ToArray();
        var signature = Sign(json);
        json[^2] = (byte)'2';

        Assert.Equal(
            WebhookError.BadSignature, Assert.Throws<WebhookException>(() => s_reader.ReadHttp(json, signature)).Error);
    }

    [Fact]
    public void A_bomb_with_a_bad_signature_costs_little_memory()
    {
        var bomb = Gzip(new byte[200 * 1024 * 1024]);
        var patient = new WebhookReader(Secret, maxBytes: int.MaxValue);
        _ = Assert.Throws<WebhookException>(() => patient.ReadHttp(Gzip(new byte[100]), Sign([])));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<WebhookException>(() => patient.ReadHttp(bomb, Sign([]))).Error;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        output.WriteLine($"bomb of {bomb.Length / 1024} KiB for 200 MiB: {allocated / 1024} KiB allocated");
        Assert.Equal(WebhookError.BadSignature, error);
        Assert.InRange(allocated, 0, 2 * 1024 * 1024);
    }

    [Fact]
    public void A_bomb_stops_inflating_at_the_limit()
    {
        var content = new byte[WebhookReader.DefaultMaxBytes + 1];

        Assert.Equal(
            WebhookError.TooLarge,
            Assert.Throws<WebhookException>(() => s_reader.ReadHttp(Gzip(content), Sign(content))).Error);
    }

    [Fact]
    public void Huge_events_are_refused_unread() =>
        Assert.Equal(
            WebhookError.TooLarge,
            Assert.Throws<WebhookException>(() => s_reader.ReadHttp(new byte[100_000_000], Sign([]))).Error);

    [Fact]
    public void Broken_gzip_is_told_apart()
    {
        var gzip = Gzip(RandomNumberGenerator.GetBytes(1000));
        gzip[500] ^= 0xFF;
        gzip[501] ^= 0xFF;

        var error = Assert.Throws<WebhookException>(() => s_reader.ReadHttp(gzip, Sign([]))).Error;

        Assert.True(error is WebhookError.BadCompression or WebhookError.BadSignature, error.ToString());
        Assert.Equal(
            WebhookError.BadCompression,
            Assert.Throws<WebhookException>(() => s_reader.ReadHttp((byte[])[0x1F, 0x8B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Sign([]))).Error);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"type":"call.created"}""")]
    [InlineData("""{"type":"call.created","call":7}""")]
    public void Signed_events_of_another_shape_are_bad_JSON(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);

        Assert.Equal(
            WebhookError.BadJson, Assert.Throws<WebhookException>(() => s_reader.ReadHttp(bytes, Sign(bytes))).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Queue_messages_and_notifications_are_unwrapped(bool compressed)
    {
        var json = """{"type":"brand.new"}"""u8.ToArray();
        var message = Convert.ToBase64String(compressed ? Gzip(json) : json);
        var envelope = JsonSerializer.Serialize(new { Type = "Notification", Message = message });

        Assert.Equal("brand.new", s_reader.ReadSqs(message).Event.Type);
        Assert.Equal("brand.new", s_reader.ReadSns(message).Event.Type);
        Assert.Equal("brand.new", s_reader.ReadSns("\uFEFF " + envelope).Event.Type);
    }

    [Fact]
    public void Queue_messages_cut_short_at_any_place_are_refused()
    {
        var json = """{"type":"brand.new","text":"long enough to be cut in many places"}"""u8.ToArray();
        foreach (var message in new[] { Convert.ToBase64String(json), Convert.ToBase64String(Gzip(json)) })
        {
            var envelope = JsonSerializer.Serialize(new { Type = "Notification", Message = message });
            for (var length = 0; length < message.Length - 12; length++)
            {
                var error = Assert.Throws<WebhookException>(() => s_reader.ReadSqs(message[..length])).Error;
                Assert.True(
                    length % 4 is 0 ? error is WebhookError.BadJson or WebhookError.BadCompression : error is WebhookError.BadEnvelope,
                    $"{length}: {error}");
            }

            Assert.All(
                Enumerable.Range(1, envelope.Length - 1),
                length => Assert.Equal(
                    WebhookError.BadEnvelope,
                    Assert.Throws<WebhookException>(() => s_reader.ReadSns(envelope[..length])).Error));
        }
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("{\"Type\":\"Notification\"}")]
    [InlineData("{\"Message\":7}")]
    [InlineData("{broken")]
    public void Envelopes_of_another_shape_are_told_apart(string notification) =>
        Assert.Equal(
            WebhookError.BadEnvelope, Assert.Throws<WebhookException>(() => s_reader.ReadSns(notification)).Error);

    private static string Sign(byte[] json) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), json));

    private static byte[] Gzip(byte[] content)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return output.ToArray();
    }
}
