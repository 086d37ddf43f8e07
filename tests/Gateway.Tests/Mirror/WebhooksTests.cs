using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Tests.Http;
using StreamGateway.Events;
using StreamGateway.Webhooks;

namespace StreamGateway.Tests.Mirror;

public sealed class WebhooksTests
{
    private static readonly byte[] s_secret = Encoding.UTF8.GetBytes(CheckingServer.ApiSecret);

    [Fact]
    public async Task A_signed_webhook_is_told_as_it_came()
    {
        const string Body = """{"type":"call.ended","call_cid":"default:a","call":{"n":1.50}}""";
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await SendAsync(host, Body, Sign(Body));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        var events = new GatewayEvent[4];
        Assert.Equal(1, host.Events.All.Read(0, events).Count);
        Assert.Equal("call.ended", events[0].Type);
        var frame = Encoding.UTF8.GetString(events[0].Frame.Span);
        Assert.StartsWith("event: call.ended\ndata: {", frame, StringComparison.Ordinal);
        Assert.Contains("\"call_cid\":\"default:a\"", frame, StringComparison.Ordinal);
        Assert.Contains("\"payload\":" + Body, frame, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"call.ended"}""", false, 401, "bad_signature")]
    [InlineData("nonsense", true, 400, "malformed_json")]
    [InlineData("""{"type":"a\nb"}""", true, 400, "invalid_request")]
    [InlineData("""{"no":"type"}""", true, 400, "invalid_request")]
    [InlineData("[]", true, 400, "invalid_request")]
    public async Task Other_webhooks_are_refused(string body, bool hasSignature, int status, string code)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await SendAsync(host, body, hasSignature ? Sign(body) : new string('0', 64));

        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal((status, code), ((int)response.StatusCode, json.RootElement.GetProperty("code").GetString()));
        Assert.Equal(0, host.Events.All.LastPosition);
    }

    [Fact]
    public async Task A_webhook_that_comes_again_is_told_once_with_its_id()
    {
        const string Body = """{"type":"call.ended","call_cid":"default:a"}""";
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var first = await SendAsync(host, Body, Sign(Body), "one");
        using var again = await SendAsync(host, Body, Sign(Body), "one");
        using var other = await SendAsync(host, Body, Sign(Body), "two");
        using var nameless = await SendAsync(host, Body, Sign(Body));
        using var namelessAgain = await SendAsync(host, Body, Sign(Body));

        Assert.All([first, again, other, nameless, namelessAgain], response => Assert.Equal(HttpStatusCode.NoContent, response.StatusCode));
        var events = new GatewayEvent[8];
        Assert.Equal(4, host.Events.All.Read(0, events).Count);
        Assert.Equal(["one", "two", null, null], events[..4].Select(told => DataOf(told).TryGetProperty("webhook_id", out var id) ? id.GetString() : null));
    }

    [Fact]
    public async Task A_webhook_that_was_refused_may_come_again_with_its_id()
    {
        const string Body = """{"type":"call.ended"}""";
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var refused = await SendAsync(host, Body, new string('0', 64), "one");
        using var malformed = await SendAsync(host, "[]", Sign("[]"), "one");
        using var taken = await SendAsync(host, Body, Sign(Body), "one");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
        Assert.Equal(1, host.Events.All.LastPosition);
    }

    [Fact]
    public async Task An_id_without_end_is_refused()
    {
        const string Body = """{"type":"call.ended"}""";
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await SendAsync(host, Body, Sign(Body), new string('x', 256));

        await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public void Ids_are_forgotten_by_number_and_by_time()
    {
        var time = new ManualTime();
        var ids = new WebhookIds(time);

        Assert.True(ids.TryAdd("first"));
        for (var i = 0; i < WebhookIds.Most - 1; i++)
        {
            Assert.True(ids.TryAdd($"{i}"));
        }

        Assert.False(ids.TryAdd("1"));
        Assert.True(ids.TryAdd("one more"));
        Assert.True(ids.TryAdd("first"));
        time.Advance(WebhookIds.Window);
        Assert.True(ids.TryAdd("one more"));
    }

    [Theory]
    [InlineData("snapshot", "stream.snapshot")]
    [InlineData("gap", "stream.gap")]
    [InlineData("end", "stream.end")]
    [InlineData("END", "stream.END")]
    [InlineData("left", "stream.left")]
    [InlineData("participant_joined", "stream.participant_joined")]
    [InlineData("error", "stream.error")]
    [InlineData("open", "stream.open")]
    [InlineData("custom", "custom")]
    [InlineData("call.ended", "call.ended")]
    [InlineData("user.updated", "user.updated")]
    public async Task A_webhook_cannot_pass_for_an_event_of_the_gateway(string type, string told)
    {
        var body = $$"""{"type":"{{type}}"}""";
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await SendAsync(host, body, Sign(body));

        var events = new GatewayEvent[2];
        Assert.Equal(1, host.Events.All.Read(0, events).Count);
        Assert.StartsWith($"event: {told}\ndata: ", Encoding.UTF8.GetString(events[0].Frame.Span), StringComparison.Ordinal);
        Assert.Equal(told, events[0].Type);
        Assert.Equal(told, DataOf(events[0]).GetProperty("type").GetString());
        Assert.Equal(type, DataOf(events[0]).GetProperty("payload").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("a\nevent: end", "a\uFFFDevent: end")]
    [InlineData("", "stream.")]
    public void A_foreign_name_stays_on_its_line(string type, string told) => Assert.Equal(told, ForeignEvents.NameOf(type));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bomb_is_not_inflated(bool hasSignature)
    {
        var bomb = Gzip(new byte[32 * 1024 * 1024]);
        var signature = hasSignature ? Convert.ToHexStringLower(HMACSHA256.HashData(s_secret, new byte[32 * 1024 * 1024])) : new string('0', 64);
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await SendAsync(host, new ByteArrayContent(bomb), signature);

        await response.HasCodeAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task An_event_of_100_MB_is_refused_before_it_is_read()
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync(
            "POST /v1/webhooks/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n");
        var answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("body_too_large", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_description_lists_every_operation()
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var json = JsonDocument.Parse(await host.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));

        var listed = json.RootElement.GetProperty("paths").EnumerateObject()
            .Where(path => path.Name.StartsWith("/api/v2/", StringComparison.Ordinal))
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));
        var expected = GetStream.Http.ApiOperations.All.Select(operation => $"{operation.Method} {operation.Path}");
        Assert.Equal(expected.Order(), listed.Order());
        var schemas = json.RootElement.GetProperty("components").GetProperty("schemas");
        Assert.Equal(1445, schemas.EnumerateObject().Count(schema => schema.Name.StartsWith("Stream.", StringComparison.Ordinal)));
    }

    private static JsonElement DataOf(GatewayEvent told)
    {
        var frame = Encoding.UTF8.GetString(told.Frame.Span);
        return JsonSerializer.Deserialize<JsonElement>(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]);
    }

    private static Task<HttpResponseMessage> SendAsync(MirrorHost host, string body, string signature, string? id = null) =>
        SendAsync(host, new StringContent(body, Encoding.UTF8, "application/json"), signature, id);

    private static async Task<HttpResponseMessage> SendAsync(MirrorHost host, HttpContent body, string signature, string? id = null)
    {
        using var request = host.Request(HttpMethod.Post, "/v1/webhooks/stream", key: null);
        request.Content = body;
        request.Headers.Add("X-Signature", signature);
        if (id is not null)
        {
            request.Headers.Add("X-Webhook-Id", id);
        }

        return await host.Client.SendAsync(request);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }

    private static string Sign(string body) => Convert.ToHexStringLower(
        HMACSHA256.HashData(s_secret, Encoding.UTF8.GetBytes(body)));

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }
}
