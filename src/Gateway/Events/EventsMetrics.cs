using System.Diagnostics.Metrics;

namespace StreamGateway.Events;

/// <summary>Counts event readers and what they are sent.</summary>
internal sealed class EventsMetrics(IMeterFactory meters)
{
    public const string MeterName = "StreamGateway.Events";

    private readonly UpDownCounter<long> _readers = meters.Create(MeterName)
        .CreateUpDownCounter<long>("gateway.events.readers", "{reader}", "Connected readers of event streams.");

    private readonly Counter<long> _sent = meters.Create(MeterName)
        .CreateCounter<long>("gateway.events.sent", "{event}", "Events sent, over all readers.");

    private readonly Counter<long> _published = meters.Create(MeterName)
        .CreateCounter<long>("gateway.events.published", "{event}", "Events of all sessions.");

    /// <summary>Shows what the journals hold, and what had to go.</summary>
    public void Watch(JournalBudget budget)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("gateway.events.journals", () => budget.Bytes, "By", "What the journals of all streams hold.");
        meter.CreateObservableGauge("gateway.events.journals.limit", () => budget.MaxBytes, "By", "What they may hold.");
        meter.CreateObservableCounter(
            "gateway.events.journals.evicted", () => budget.Evicted, "{event}", "Events that went before their time to keep that limit.");
    }

    public ReaderScope ReaderConnected()
    {
        _readers.Add(1);
        return new ReaderScope(_readers);
    }

    public void EventsSent(int count) => _sent.Add(count);

    public void EventPublished() => _published.Add(1);

    internal readonly struct ReaderScope(UpDownCounter<long> readers) : IDisposable
    {
        public void Dispose() => readers.Add(-1);
    }
}
