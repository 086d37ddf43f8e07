using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Tests.Engine;

[Collection(MetricsCollection.Name)]
public sealed class NativeApiTests
{
    [Fact]
    public async Task Native_page_and_metrics_count_what_passes_the_border()
    {
        using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("native", "alice");
        var before = await gateway.GetAsync("/v1/native");
        var after = await gateway.GetAsync("/v1/native");
        var metrics = await gateway.Http.GetStringAsync("/metrics").WithTimeout();

        // Each look at the tables is a call itself.
        Assert.True(after.GetProperty("calls").GetInt64() > before.GetProperty("calls").GetInt64());
        Assert.Equal(0, after.GetProperty("pending_commands").GetInt32());
        Assert.Equal(0, after.GetProperty("rejected_requests").GetInt32());
        Assert.True(ValueOf(metrics, "gateway_native_calls_total") >= after.GetProperty("calls").GetInt64());
        Assert.Equal(0, ValueOf(metrics, "gateway_native_requests_rejected_total"));
        Assert.Equal(0, ValueOf(metrics, "gateway_native_requests_queued"));
        Assert.Equal(0, ValueOf(metrics, "gateway_native_commands_pending"));
        Assert.Equal(0, ValueOf(metrics, "gateway_native_events_dropped_total"));
        Assert.True(ValueOf(metrics, "gateway_native_events_queued_bytes") >= 0);
        Assert.True(ValueOf(metrics, "gateway_native_allocations") >= 0);
        await gateway.LeaveAsync(session);
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Requests_beyond_the_limit_show_in_the_metrics()
    {
        using var gateway = new GatewayApplication().With("Native:MaxConcurrentCommands", "1");
        _ = gateway.Http;

        // More at once than one: some have to be refused.
        await Eventually.GetAsync(
            () =>
            {
                Parallel.For(0, 64, _ => TryReadTables(gateway));
                return gateway.Engine.RejectedRequestCount;
            },
            rejected => rejected > 0);
        var metrics = await gateway.Http.GetStringAsync("/metrics").WithTimeout();

        Assert.True(ValueOf(metrics, "gateway_native_requests_rejected_total") >= 1);
    }

    [Fact]
    public async Task Log_level_changes_live_and_a_wrong_one_is_refused()
    {
        using var gateway = new GatewayApplication();

        using var changed = await gateway.Http.PutAsJsonAsync("/v1/native/log_level", new { level = "debug" }).WithTimeout();
        using var wrong = await gateway.Http.PutAsJsonAsync("/v1/native/log_level", new { level = "loud" }).WithTimeout();
        using var missing = await gateway.Http.PutAsJsonAsync("/v1/native/log_level", new { }).WithTimeout();

        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        Assert.Equal(PluginLogLevel.Debug, gateway.Engine.LogLevel);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, missing.StatusCode);
    }

    private static void TryReadTables(GatewayApplication gateway)
    {
        try
        {
            gateway.Engine.ReadTables();
        }
        catch (PluginException refused) when (refused.Code == PluginErrorCode.TooManyRequests)
        {
        }
    }

    private static double ValueOf(string metrics, string name)
    {
        var line = metrics.Split('\n').Single(line => line.StartsWith(name + ' ', StringComparison.Ordinal));
        return double.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}
