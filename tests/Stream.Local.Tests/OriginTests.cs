using System.Net;
using System.Net.WebSockets;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>A server of this machine alone is there for its pages, and for those that are allowed by name.</summary>
public sealed class OriginTests
{
    private const string App = "https://app.example.com";

    [Theory]
    [InlineData("http://localhost:5173")]
    [InlineData("http://127.0.0.1:3000")]
    [InlineData("https://[::1]:8443")]
    public async Task Pages_of_this_machine_may_call(string origin)
    {
        await using var stream = await LocalStream.StartAsync();

        using var guest = await CreateGuestAsync(stream, ("Origin", origin));

        Assert.Equal(HttpStatusCode.Created, guest.StatusCode);
        Assert.Equal(["*"], guest.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal("open", await ConnectAsync(stream, origin, "/video/connect"));
    }

    [Theory]
    [InlineData("http://evil.test")]
    [InlineData("http://localhost.evil.test")]
    [InlineData("http://127.0.0.1.evil.test")]
    [InlineData("null")]
    [InlineData("file://")]
    public async Task Pages_from_elsewhere_may_not(string origin)
    {
        await using var stream = await LocalStream.StartAsync();

        using var guest = await CreateGuestAsync(stream, ("Origin", origin));
        using var preflight = await SendAsync(stream, HttpMethod.Options, "/api/v2/guest", ("Origin", origin), ("Access-Control-Request-Method", "POST"));

        foreach (var refused in new[] { guest, preflight })
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
            Assert.Contains("AllowedOrigins", await refused.Content.ReadAsStringAsync());
        }

        Assert.Contains("403", await ConnectAsync(stream, origin, "/video/connect"));
        Assert.Contains("403", await ConnectAsync(stream, origin, "/api/v2/connect"));
    }

    [Fact]
    public async Task An_allowed_origin_may_call()
    {
        await using var stream = await LocalStream.StartAsync(new LocalStreamOptions { AllowedOrigins = [App] });

        using var guest = await CreateGuestAsync(stream, ("Origin", App));
        using var other = await CreateGuestAsync(stream, ("Origin", "https://evil.test"));

        Assert.Equal(HttpStatusCode.Created, guest.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    [Theory]
    [InlineData("evil.test", false)]
    [InlineData("evil.test:8090", false)]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1:1", true)]
    [InlineData("[::1]:8090", true)]
    public async Task Names_that_a_page_may_have_bound_to_this_machine_are_refused(string host, bool isServed)
    {
        await using var stream = await LocalStream.StartAsync();

        using var answer = await CreateGuestAsync(stream, ("Host", host));

        Assert.Equal(isServed ? HttpStatusCode.Created : HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task On_another_address_pages_of_all_origins_may_call_unless_some_are_named()
    {
        await using var open = await LocalStream.StartAsync(new LocalStreamOptions { Host = "0.0.0.0" });
        await using var narrow = await LocalStream.StartAsync(new LocalStreamOptions { Host = "0.0.0.0", AllowedOrigins = [App] });

        using var any = await CreateGuestAsync(open, ("Origin", "https://elsewhere.test"), ("Host", "stream.test"));
        using var named = await CreateGuestAsync(narrow, ("Origin", App));
        using var unnamed = await CreateGuestAsync(narrow, ("Origin", "https://elsewhere.test"));

        Assert.Equal(
            (HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.Forbidden), (any.StatusCode, named.StatusCode, unnamed.StatusCode));
    }

    private static Task<HttpResponseMessage> CreateGuestAsync(LocalStream stream, params (string, string)[] headers) =>
        SendAsync(stream, HttpMethod.Post, "/api/v2/guest", headers);

    private static async Task<HttpResponseMessage> SendAsync(
        LocalStream stream, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        // An address of all interfaces is no address to send to.
        var address = stream.Url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(method, $"{address}{path}?api_key={stream.ApiKey}");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (method == HttpMethod.Post)
            request.Content = new StringContent("""{"user":{"id":"guest"}}""", System.Text.Encoding.UTF8, "application/json");
        return await stream.Http.SendAsync(request);
    }

    private static async Task<string> ConnectAsync(LocalStream stream, string origin, string path)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", origin);
        var url = $"{stream.Url.Replace("http", "ws", StringComparison.Ordinal)}{path}?api_key={stream.ApiKey}";
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        var refused = await Record.ExceptionAsync(() => socket.ConnectAsync(new Uri(url), timeout.Token));
        return refused?.Message ?? "open";
    }
}
