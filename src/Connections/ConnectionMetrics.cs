using System.Diagnostics.Metrics;

namespace StreamGateway.Connections;

/// <summary>Counts a server's connections, and those that were refused or ended.</summary>
internal sealed class ConnectionMetrics
{
    public const string MeterName = "StreamGateway.Connections";

    private readonly Counter<long> _refused;
    private readonly Counter<long> _ended;

    public ConnectionMetrics(ConnectionLimits limits, IMeterFactory meters, Func<int> count)
    {
        var meter = meters.Create(MeterName);
        var name = $"{limits.Server}.connections";
        meter.CreateObservableGauge($"{name}.open", count, "{connection}", "Connections of HTTP clients.");
        meter.CreateObservableGauge($"{name}.limit", () => limits.MaxConnections, "{connection}", "Connections there may be at once.");
        _refused = meter.CreateCounter<long>($"{name}.refused", "{connection}", "Connections refused because all were in use.");
        _ended = meter.CreateCounter<long>(
            $"{name}.ended", "{connection}", "Connections ended for doing nothing: `silent`, `stalled`, or to make `room`.");
    }

    public void Refused() => _refused.Add(1);

    public void Ended(string reason) => _ended.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
