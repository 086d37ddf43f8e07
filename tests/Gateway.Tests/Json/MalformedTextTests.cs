using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace StreamGateway.Tests.Json;

/// <summary>Names and strings that are no text are the sender's mistake, wherever they stand.</summary>
public sealed class MalformedTextTests : IClassFixture<GatewayApplication>
{
    private static readonly string[] Joins =
    [
        """{"call_cid":"\ud800","user_id":"x"}""", """{"call_cid":"default:a","user":{"id":"x","name":"\udc00"} }""",
        """{"\ud800":1}""", """{"metadata":{"\ud800":"x"} }""", """{"create":{"\ud800":1} }""", """{"create":{"custom":{"a":["\ud800\ud800"]} } }""",
        "{\"call_cid\":\"default:a\",\"user_id\":\"x\u00ff\"}", "{\"call_\u00e6cid\":1}", "{\"user_id\":\"\u00ed\u00a0\u0080\"}",
    ];

    private readonly GatewayApplication _gateway;

    public MalformedTextTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task Every_body_is_refused_with_the_place_where_reading_failed()
    {
        var session = await _gateway.JoinAsync("malformed", "alice");
        var cases = Joins.Select(body => (HttpMethod.Post, "/v1/sessions", body)).Concat(
        [
            (HttpMethod.Patch, $"/v1/sessions/{session}", """{"metadata":{"\ud800":"x"} }"""),
            (HttpMethod.Patch, $"/v1/sessions/{session}", "{\"met\u00e6data\":{}}"),
            (HttpMethod.Patch, $"/v1/sessions/{session}", "{\"metadata\":{\"k\":\"\u00ff\"}}"),
            (HttpMethod.Post, $"/v1/sessions/{session}/custom_events", """{"custom":{"a":"\ud800"} }"""),
            (HttpMethod.Post, $"/v1/sessions/{session}/custom_events", """{"custom":{"\ud800":1} }"""),
            (HttpMethod.Post, $"/v1/sessions/{session}/reactions", """{"type":"like","custom":{"a":"\ud800"} }"""),
            (HttpMethod.Post, $"/v1/sessions/{session}/recordings", """{"users":["\ud800"]}"""),
            (HttpMethod.Post, "/v1/tokens", """{"user_id":"\ud800"}"""),
            (HttpMethod.Post, "/v1/tickets", """{"paths":["\ud800"]}"""),
            (HttpMethod.Put, "/v1/native/log_level", """{"level":"\ud800"}"""),
        ]);

        foreach (var (method, path, body) in cases)
        {
            using var refused = await SendAsync(method, path, body);
            var problem = await refused.HasCodeAsync(HttpStatusCode.BadRequest, "malformed_json");
            Assert.Matches(@"at line 1, byte \d+\.", problem.GetProperty("detail").GetString());
        }

        await _gateway.LeaveAsync(session);
    }

    [Theory]
    [InlineData("""{"type":"\ud800"}""")]
    [InlineData("""{"type":"a","call_cid":"\ud800"}""")]
    [InlineData("""{"type":"a","x":"\ud800"}""")]
    [InlineData("""{"type":"a","\ud800":1}""")]
    [InlineData("{\"type\":\"a\",\"x\":\"\u00ff\"}")]
    public async Task A_signed_webhook_is_refused_for_good(string body)
    {
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(_gateway.Stream.Options.ApiSecret), Encoding.Latin1.GetBytes(body));

        using var refused = await SendAsync(HttpMethod.Post, "/v1/webhooks/stream", body, Convert.ToHexStringLower(signature));

        await refused.HasCodeAsync(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Theory]
    [InlineData("""{"call_cid":"default:pair","user":{"id":"pair","name":"\ud83d\ude00"} }""")]
    [InlineData("""{"call_cid":"default:pair","user":{"id":"pair","name":"a\\ud800"} }""")]
    public async Task Whole_characters_are_taken_however_they_are_written(string body)
    {
        using var joined = await SendAsync(HttpMethod.Post, "/v1/sessions", body);

        Assert.True(joined.StatusCode == HttpStatusCode.Created, await joined.Content.ReadAsStringAsync());
        await _gateway.LeaveAsync((await GatewayApplication.JsonOf(joined)).GetProperty("id").GetString()!);
    }

    /// <summary>Each letter of the body is sent as one byte.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body, string? signature = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (signature is not null)
        {
            request.Headers.Add("X-Signature", signature);
        }

        return await _gateway.Http.SendAsync(request).WithTimeout();
    }
}
