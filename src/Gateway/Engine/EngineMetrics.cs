using System.Diagnostics.Metrics;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Engine;

/// <summary>Shows what is alive in the native library.</summary>
internal sealed class EngineMetrics
{
    public const string MeterName = "StreamGateway.Native";

    public EngineMetrics(IMeterFactory meters, EngineHost host)
    {
        var meter = meters.Create(MeterName);
        void Watch(string name, string unit, string description, Func<RtcTables, long> read) =>
            meter.CreateObservableGauge(
                name, () => host.Running is { } engine ? read(engine.ReadTables()) : 0, unit, description);

        Watch("gateway.native.sessions", "{session}", "Sessions in the native library.", tables => tables.Sessions);
        Watch("gateway.native.sources", "{source}", "Publications being fed.", tables => tables.Sources);
        Watch("gateway.native.sinks", "{sink}", "Tracks being listened to.", tables => tables.Sinks);
        Watch("gateway.native.peer_connections", "{connection}", "Peer connections.", tables => tables.PeerConnections);
        Watch("gateway.native.goroutines", "{goroutine}", "Goroutines of the process.", tables => tables.Goroutines);
        Watch("gateway.native.events_dropped", "{event}", "Events the gateway was too slow to take.", tables => (long)tables.EventsDropped);
        meter.CreateObservableCounter(
            "gateway.native.requests.rejected",
            () => host.Running is { } engine ? (long)engine.RejectedRequestCount : 0,
            "{request}",
            "Commands refused because too many ran.");
    }
}
