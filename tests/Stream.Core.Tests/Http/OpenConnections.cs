using System.Diagnostics.Metrics;

namespace GetStream.Tests.Http;

/// <summary>Counts the HTTP connections of this process to one port, by the runtime's own metric.</summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly Lock _gate = new();
    private readonly MeterListener _listener = new();
    private readonly int _port;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _opened;
    private long _open;

    public OpenConnections(int port)
    {
        _port = port;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "System.Net.Http", Name: "http.client.open_connections" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, change, tags, _) => Count(change, tags));
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

    public void Dispose() => _listener.Dispose();

    /// <summary>A connection that becomes idle is taken from one count and added to another: both sum up to the open ones.</summary>
    private void Count(long change, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (tag is { Key: "server.port", Value: int port } && port == _port)
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
    }
}
