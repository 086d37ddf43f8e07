using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Tests.Http;
using StreamGateway.Events;

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

    private static Task<HttpResponseMessage> SendAsync(MirrorHost host, string body, string signature) =>
        SendAsync(host, new StringContent(body, Encoding.UTF8, "application/json"), signature);

    private static async Task<HttpResponseMessage> SendAsync(MirrorHost host, HttpContent body, string signature)
    {
        using var request = host.Request(HttpMethod.Post, "/v1/webhooks/stream", key: null);
        request.Content = body;
        request.Headers.Add("X-Signature", signature);
        return await host.Client.SendAsync(request);
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
