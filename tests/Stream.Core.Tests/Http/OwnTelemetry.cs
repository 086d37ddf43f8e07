using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace GetStream.Tests.Http;

/// <summary>
/// Hears what the test that made it causes, and nothing of the tests that run beside it: listeners hear the whole process,
/// but only this test's calls run below its span.
/// </summary>
internal sealed class OwnTelemetry : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Activity _test = new Activity("test").Start();
    private readonly ActivityListener _traces;
    private readonly MeterListener _meters = new();
    private readonly List<Activity> _activities = [];
    private readonly List<Dictionary<string, object?>> _measures = [];

    public OwnTelemetry(string name)
    {
        _traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == name,
            Sample = (ref creation) =>
                creation.Parent.TraceId == _test.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = activity => Keep(_activities, activity),
        };
        ActivitySource.AddActivityListener(_traces);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Keep(instrument, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Keep(instrument, tags));
        _meters.Start();
    }

    public IReadOnlyList<Activity> Activities => Copy(_activities);

    /// <summary>The tags of each measure, and the instrument's name as <c>instrument</c>.</summary>
    public IReadOnlyList<Dictionary<string, object?>> Measures => Copy(_measures);

    public void Dispose()
    {
        _meters.Dispose();
        _traces.Dispose();
        _test.Dispose();
    }

    /// <summary>A measure is told where it is made, so that the span it belongs to is the current one.</summary>
    private void Keep(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Activity.Current?.TraceId == _test.TraceId)
        {
            Keep(_measures, new(tags.ToArray()) { ["instrument"] = instrument.Name });
        }
    }

    private void Keep<T>(List<T> list, T item)
    {
        lock (_gate)
        {
            list.Add(item);
        }
    }

    private List<T> Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
