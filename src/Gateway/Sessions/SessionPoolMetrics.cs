using System.Diagnostics.Metrics;

namespace StreamGateway.Sessions;

/// <summary>Counts joins and ends, and how long joins take.</summary>
internal sealed class SessionPoolMetrics
{
    public const string MeterName = "StreamGateway.Sessions";

    private readonly Counter<long> _ended;
    private readonly Histogram<double> _joinDuration;
    private readonly Meter _meter;

    public SessionPoolMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _ended = _meter.CreateCounter<long>("gateway.sessions.ended", "{session}", "Sessions that ended, by reason.");
        _joinDuration = _meter.CreateHistogram(
            "gateway.sessions.join.duration", "s", "From the request to join until the session is in its call.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2, 5, 10, 20],
            });
    }

    public void Watch(Func<int> live) =>
        _meter.CreateObservableGauge("gateway.sessions.live", () => live(), "{session}", "Sessions that have not ended.");

    public void Joined(TimeSpan duration) => _joinDuration.Record(duration.TotalSeconds);

    public void Ended(string reason) => _ended.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
