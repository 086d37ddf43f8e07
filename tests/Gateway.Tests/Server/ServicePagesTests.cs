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
}
