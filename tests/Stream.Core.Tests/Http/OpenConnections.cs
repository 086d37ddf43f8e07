using System.Diagnostics.Metrics;

namespace GetStream.Tests.Http;

/// <summary>Counts the HTTP connections of the handlers that take it as their meter factory, by the runtime's own metric.</summary>
internal sealed class OpenConnections : IMeterFactory
{
    private readonly Lock _gate = new();
    private readonly MeterListener _listener = new();
    private readonly List<Meter> _meters = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _opened;
    private long _open;

    public OpenConnections()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name is "http.client.open_connections" && ReferenceEquals(instrument.Meter.Scope, this))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, change, _, _) => Count(change));
        _listener.Start();
    }

    /// <summary>Waits until so many connections were opened and none is open any more.</summary>
    public async Task AllClosedAsync(int opened)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_opened >= opened && _open is 0)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed;
        }
    }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
    }

    /// <summary>A connection that becomes idle is taken from one count and added to another: both sum up to the open ones.</summary>
    private void Count(long change)
    {
        lock (_gate)
        {
            _open += change;
            _opened += Math.Max(change, 0);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
