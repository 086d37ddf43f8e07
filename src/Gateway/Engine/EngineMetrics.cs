using System.Diagnostics.Metrics;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Engine;

/// <summary>Shows what is alive in the native library, and what passes the border to it.</summary>
internal sealed class EngineMetrics
{
    public const string MeterName = "StreamGateway.Native";

    private static readonly RtcTables Nothing = new();

    private readonly EngineHost _host;

    public EngineMetrics(IMeterFactory meters, EngineHost host)
    {
        _host = host;
        var meter = meters.Create(MeterName);
        WatchTables(meter);
        WatchBorder(meter);
    }

    private void WatchTables(Meter meter)
    {
        void Watch(string name, string unit, string description, Func<RtcTables, long> read) =>
            meter.CreateObservableGauge(name, () => read(ReadTables()), unit, description);

        Watch("gateway.native.sessions", "{session}", "Sessions in the native library.", tables => tables.Sessions);
        Watch("gateway.native.sources", "{source}", "Publications being fed.", tables => tables.Sources);
        Watch("gateway.native.sinks", "{sink}", "Tracks being listened to.", tables => tables.Sinks);
        Watch("gateway.native.peer_connections", "{connection}", "Peer connections.", tables => tables.PeerConnections);
        Watch("gateway.native.recordings", "{recording}", "Recordings being made.", tables => tables.Recordings);
        Watch("gateway.native.goroutines", "{goroutine}", "Goroutines of the process.", tables => tables.Goroutines);
        Watch("gateway.native.requests.queued", "{request}", "Commands the library has not answered.", tables => tables.Requests);
        Watch("gateway.native.events.queued", "By", "Events that wait for the gateway.", tables => tables.EventBytesQueued);
        meter.CreateObservableCounter(
            "gateway.native.events.dropped", () => ReadTables().EventsDropped, "{event}", "Events the gateway was too slow to take.");
    }

    private void WatchBorder(Meter meter)
    {
        long Read(Func<RtcEngine, long> read) => _host.Running is { } engine ? read(engine) : 0;

        meter.CreateObservableCounter(
            "gateway.native.calls", () => Read(engine => engine.CallCount), "{call}", "Calls and commands given to the native library.");
        meter.CreateObservableCounter(
            "gateway.native.requests.rejected", () => Read(engine => (long)engine.RejectedRequestCount), "{request}",
            "Commands refused because too many ran.");
        meter.CreateObservableGauge(
            "gateway.native.commands.pending", () => Read(engine => engine.PendingCommandCount), "{command}",
            "Commands the gateway waits for.");
        meter.CreateObservableGauge(
            "gateway.native.allocations", () => (long)RtcEngine.LiveAllocations, "{block}",
            "Blocks of native memory handed out and not yet freed.");
    }

    // The engine may stop while figures are collected.
    private RtcTables ReadTables()
    {
        try
        {
            return _host.Running?.ReadTables() ?? Nothing;
        }
        catch (Exception stopped) when (stopped is ObjectDisposedException or PluginException)
        {
            return Nothing;
        }
    }
}
