using System.Net;

namespace StreamGateway.Tests.Server;

[Collection(MetricsCollection.Name)]
public sealed class ServicePagesTests
{
    [Fact]
    public async Task The_service_shows_its_health_its_metrics_and_its_description()
    {
        using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("metrics", "alice");

        var ready = await gateway.GetAsync("/health/ready");
        using var headOnly = new HttpRequestMessage(HttpMethod.Head, "/health/ready");
        using var head = await gateway.Http.SendAsync(headOnly).WithTimeout();
        var metrics = await gateway.Http.GetStringAsync("/metrics").WithTimeout();
        var description = await gateway.GetAsync("/openapi/v1.json");
        var native = await gateway.GetAsync("/v1/native");

        Assert.Equal("ok", ready.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Contains("\ngateway_sessions_live 1\n", metrics);
        Assert.Contains("\ngateway_sessions_join_duration_seconds_count 1\n", metrics);
        Assert.Contains("\ngateway_native_sessions 1\n", metrics);
        Assert.True(description.GetProperty("paths").TryGetProperty("/v1/sessions/{id}/tracks/{track_id}/media", out _));
        var answers = description.GetProperty("paths").GetProperty("/health/ready").GetProperty("get").GetProperty("responses");
        Assert.True(answers.TryGetProperty("200", out _) && answers.TryGetProperty("503", out _));
        Assert.Equal("active", native.GetProperty("state").GetString());
        Assert.Equal(1, native.GetProperty("tables").GetProperty("sessions").GetInt32());
        await gateway.LeaveAsync(session);
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/v1/sessions/none")]
    [InlineData("/nowhere")]
    [InlineData("/swagger/index.html")]
    [InlineData("/swagger/index.js")]
    public async Task Browsers_are_told_to_take_every_answer_for_what_it_is(string path)
    {
        using var gateway = new GatewayApplication();

        using var answer = await gateway.Http.GetAsync(path).WithTimeout();

        string Header(string name) => string.Join(",", answer.Headers.GetValues(name));
        Assert.Equal("nosniff", Header("X-Content-Type-Options"));
        Assert.Equal("DENY", Header("X-Frame-Options"));
        Assert.Equal("no-referrer", Header("Referrer-Policy"));
        Assert.StartsWith("default-src 'none'", Header("Content-Security-Policy"));
        Assert.Contains("frame-ancestors 'none'", Header("Content-Security-Policy"));
        Assert.DoesNotContain("script-src 'unsafe", Header("Content-Security-Policy"));
    }

    [Fact]
    public async Task The_metrics_are_the_gateways_own_and_no_request_makes_them_grow()
    {
        using var gateway = new GatewayApplication();
        await FuzzAsync(gateway, "first");
        var before = SeriesOf(await gateway.Http.GetStringAsync("/metrics").WithTimeout());

        await FuzzAsync(gateway, "second");
        await FuzzAsync(gateway, "third");

        var after = SeriesOf(await gateway.Http.GetStringAsync("/metrics").WithTimeout());
        Assert.Contains(after, series => series.Contains("http_route=\"/api/v2/{**path}\""));
        Assert.DoesNotContain(after, series => series.Contains("/api/v2/users") || series.Contains("/video/"));
        Assert.Empty(after.Except(before));
    }

    /// <summary>Names, methods, hosts and paths of all kinds, some of which reach the embedded Stream.</summary>
    private static async Task FuzzAsync(GatewayApplication gateway, string word)
    {
        foreach (var path in new[] { $"/{word}", $"/v1/sessions/{word}", $"/v1/{word}/{word}", $"/api/v2/video/call/default/{word}", $"/api/v2/{word}", "/api/v2/users", "/metrics" })
        {
            foreach (var method in new[] { "GET", "POST", "PATCH", word.ToUpperInvariant() })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                using var answer = await gateway.Http.SendAsync(request).WithTimeout();
            }
        }
    }

    private static HashSet<string> SeriesOf(string metrics) =>
        [.. metrics.Split('\n').Where(line => line.StartsWith("http_server", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')])];
}
