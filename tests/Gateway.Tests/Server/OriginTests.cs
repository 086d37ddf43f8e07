using System.Net;
using System.Net.WebSockets;

namespace StreamGateway.Tests.Server;

/// <summary>Which pages may use the gateway from a browser, as browsers ask for them.</summary>
public sealed class OriginTests : IDisposable
{
    private const string App = "https://app.example.com";

    private readonly GatewayApplication _open = new();
    private readonly GatewayApplication _keyed = new GatewayApplication().WithKey("all", "admin");
    private readonly GatewayApplication _allowing = new GatewayApplication().WithKey("all", "admin").With("Server:AllowedOrigins:0", App);

    public void Dispose()
    {
        _open.Dispose();
        _keyed.Dispose();
        _allowing.Dispose();
    }

    [Theory]
    [InlineData("GET", "/v1/sessions")]
    [InlineData("GET", "/v1/events")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/v1/native")]
    [InlineData("POST", "/v1/sessions")]
    [InlineData("POST", "/api/v2/users")]
    [InlineData("GET", "/api/v2/app")]
    [InlineData("OPTIONS", "/v1/sessions")]
    public async Task Without_keys_pages_of_other_origins_reach_nothing(string method, string path)
    {
        foreach (var (name, value) in new[]
        {
            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "http://evil.test"), ("Origin", "null"),
            ("Origin", "http://127.0.0.1:1"), ("Origin", $"http://localhost:{_open.Http.BaseAddress!.Port}"),
        })
        {
            using var refused = await SendAsync(_open, method, path, (name, value));
            await refused.HasCodeAsync(HttpStatusCode.Forbidden, "origin_refused");
        }
    }

    [Fact]
    public async Task Without_keys_its_own_pages_other_programs_and_links_are_served()
    {
        var own = _open.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

        foreach (var headers in new (string, string)[][]
        {
            [], [("Sec-Fetch-Site", "none")], [("Sec-Fetch-Site", "same-origin")], [("Origin", own), ("Sec-Fetch-Site", "same-origin")],
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")],
        })
        {
            using var served = await SendAsync(_open, "GET", "/v1/sessions", headers);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        }

        using var framed = await SendAsync(
            _open, "GET", "/v1/sessions", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"));
        await framed.HasCodeAsync(HttpStatusCode.Forbidden, "origin_refused");
    }

    [Theory]
    [InlineData("evil.test")]
    [InlineData("evil.test:80")]
    [InlineData("127.0.0.1.evil.test")]
    [InlineData("localhost.evil.test")]
    [InlineData("10.0.0.1")]
    public async Task Without_keys_other_names_of_hosts_are_refused_with_a_problem(string host)
    {
        foreach (var path in new[] { "/v1/sessions", "/api/v2/app", "/health/live" })
        {
            using var refused = await SendAsync(_open, "GET", path, ("Host", host));
            await refused.HasCodeAsync(HttpStatusCode.BadRequest, "host_refused");
            using var keyed = await SendAsync(_keyed, "GET", path, ("Host", host), ("X-Api-Key", GatewayApplication.KeyOf("all")));
            Assert.Equal(HttpStatusCode.OK, keyed.StatusCode);
        }
    }

    [Fact]
    public async Task No_origin_is_allowed_by_default()
    {
        using var preflight = await PreflightAsync(_keyed, "/v1/sessions", App);
        using var read = await SendAsync(_keyed, "GET", "/v1/sessions", ("Origin", App), ("X-Api-Key", GatewayApplication.KeyOf("all")));

        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(read.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task An_allowed_origin_may_ask_every_route_before_it_calls()
    {
        var document = await _allowing.GetAsync("/openapi/v1.json");
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            using var preflight = await PreflightAsync(_allowing, path.Name.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), App);

            Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
            Assert.Equal(App, Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Origin")));
            Assert.Contains("DELETE", Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Methods")));
            var headers = Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Headers"));
            Assert.All(new[] { "authorization", "last-event-id", "idempotency-key" }, header => Assert.Contains(header, headers));
        }

        using var refused = await PreflightAsync(_allowing, "/v1/sessions", "https://evil.test");
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("GET", "/v1/sessions")]
    [InlineData("GET", "/v1/events")]
    [InlineData("GET", "/api/v2/app")]
    [InlineData("GET", "/v1/sessions/none")]
    [InlineData("POST", "/v1/sessions")]
    [InlineData("PUT", "/nowhere")]
    public async Task An_allowed_origin_reads_answers_problems_and_event_streams(string method, string path)
    {
        using var answer = await SendAsync(_allowing, method, path, ("Origin", App), ("X-Api-Key", GatewayApplication.KeyOf("all")));

        Assert.Equal(App, Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        var exposed = Assert.Single(answer.Headers.GetValues("Access-Control-Expose-Headers"));
        Assert.All(new[] { "Location", "Retry-After" }, header => Assert.Contains(header, exposed));
    }

    [Fact]
    public async Task Sockets_open_for_programs_own_pages_and_allowed_origins_only()
    {
        foreach (var (gateway, key) in new[] { (_open, (string?)null), (_keyed, "all"), (_allowing, "all") })
        {
            var own = gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);
            // The session is none: who may ask hears so.
            Assert.Contains("404", await OpenSocketAsync(gateway, key, origin: null));
            Assert.Contains("404", await OpenSocketAsync(gateway, key, own));
            Assert.Contains("403", await OpenSocketAsync(gateway, key, "http://evil.test"));
            Assert.Contains(gateway == _allowing ? "404" : "403", await OpenSocketAsync(gateway, key, App));
        }
    }

    [Theory]
    [InlineData("/v1/sessions/%ff")]
    [InlineData("/v1/sessions?user_id=%C3%28")]
    [InlineData("/v1/sessions?user_id=%ed%a0%80")]
    [InlineData("/api/v2/video/call/default/%ff")]
    public async Task An_address_that_is_not_UTF8_is_refused(string path)
    {
        using var refused = await SendAsync(_open, "GET", path);

        await refused.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    private static Task<HttpResponseMessage> PreflightAsync(GatewayApplication gateway, string path, string origin) =>
        SendAsync(
            gateway, "OPTIONS", path, ("Origin", origin), ("Access-Control-Request-Method", "DELETE"),
            ("Access-Control-Request-Headers", "authorization,last-event-id,idempotency-key"));

    private static async Task<HttpResponseMessage> SendAsync(
        GatewayApplication gateway, string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), new Uri($"{gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority)}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
    }

    private static async Task<string> OpenSocketAsync(GatewayApplication gateway, string? key, string? origin)
    {
        using var socket = new ClientWebSocket();
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        if (key is not null)
        {
            socket.Options.SetRequestHeader("X-Api-Key", GatewayApplication.KeyOf(key));
        }

        var address = new UriBuilder(gateway.Http.BaseAddress!) { Scheme = "ws", Path = "/v1/sessions/none/audio/socket" };
        return (await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address.Uri, CancellationToken.None).WithTimeout())).Message;
    }
}
