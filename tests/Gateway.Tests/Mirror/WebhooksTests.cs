using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Tests.Http;
using StreamGateway.Events;

namespace StreamGateway.Tests.Mirror;

public sealed class WebhooksTests
{
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

    private static async Task<HttpResponseMessage> SendAsync(MirrorHost host, string body, string signature)
    {
        using var request = host.Request(HttpMethod.Post, "/v1/webhooks/stream", key: null);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Add("X-Signature", signature);
        return await host.Client.SendAsync(request);
    }

    private static string Sign(string body) => Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(CheckingServer.ApiSecret), Encoding.UTF8.GetBytes(body)));
}
