using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;

namespace StreamGateway.Connections;

/// <summary>
/// Owns the places of a server's connections: gives them out, takes them from who does nothing, refuses when all are in use.
/// </summary>
/// <remarks>
/// The bound is kept before a connection is accepted, where the kernel's backlog waits without a descriptor: a server that accepted
/// first would run out of them, and accept in a circle. Safe from any thread.
/// </remarks>
public sealed class ConnectionGate : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RefusalTimeout = TimeSpan.FromMilliseconds(250);

    // A client that has just been answered is about to send its next request.
    private static readonly TimeSpan ShortestIdle = TimeSpan.FromSeconds(1);

    // A connection that was asked to close and does not is in the middle of a request's head.
    private static readonly TimeSpan LongestClosing = TimeSpan.FromSeconds(1);

    private readonly ConnectionLimits _limits;
    private readonly TimeProvider _time;
    private readonly ConnectionMetrics _metrics;
    private readonly ConcurrentDictionary<OpenConnection, byte> _open = new();
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lazy<Task> _sweeping;
    private int _count;
    private int _closing;

    public ConnectionGate(ConnectionLimits limits, TimeProvider time, IMeterFactory meters)
    {
        _limits = limits;
        _time = time;
        // Beside the open ones there are those that close and those that are refused.
        _places = new SemaphoreSlim(limits.MaxConnections + Math.Clamp(limits.MaxConnections / 16, 4, 256));
        _metrics = new ConnectionMetrics(limits, meters, () => Volatile.Read(ref _count));
        _sweeping = new Lazy<Task>(() => Task.Run(SweepAsync));
    }

    /// <summary>Accepts the next connection that has a place; null when the listener is closed.</summary>
    internal async ValueTask<ConnectionContext?> AcceptAsync(IConnectionListener listener, CancellationToken cancellationToken)
    {
        _ = _sweeping.Value;
        while (true)
        {
            await _places.WaitAsync(cancellationToken);
            var accepted = await AcceptOrReleaseAsync(listener, cancellationToken);
            if (accepted is null)
            {
                return null;
            }

            if (HasPlace())
            {
                var connection = new OpenConnection(accepted, this, _limits.StallTimeout, _time);
                Interlocked.Increment(ref _count);
                _open[connection] = 0;
                return connection;
            }

            _metrics.Refused();
            _ = RefuseAsync(accepted);
        }
    }

    internal void Leave(OpenConnection connection, bool wasClosing)
    {
        _open.TryRemove(connection, out _);
        Interlocked.Decrement(ref _count);
        if (wasClosing)
        {
            Interlocked.Decrement(ref _closing);
        }

        _places.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_sweeping.IsValueCreated)
        {
            await _sweeping.Value;
        }
    }

    private async ValueTask<ConnectionContext?> AcceptOrReleaseAsync(IConnectionListener listener, CancellationToken cancellationToken)
    {
        ConnectionContext? accepted = null;
        try
        {
            return accepted = await listener.AcceptAsync(cancellationToken);
        }
        finally
        {
            if (accepted is null)
            {
                _places.Release();
            }
        }
    }

    private bool HasPlace() => Volatile.Read(ref _count) - Volatile.Read(ref _closing) < _limits.MaxConnections || TryMakeRoom();

    /// <summary>Closes those that have done nothing for longest: first who never asked for anything.</summary>
    private bool TryMakeRoom()
    {
        // Several at once: to look through all of them for each newcomer would cost more than the newcomer.
        var idle = _open.Select(entry => entry.Key)
            .Where(one => one is { IsIdle: true, IsClosing: false } && (!one.HasSpoken || one.IdleFor >= ShortestIdle))
            .OrderBy(one => one.HasSpoken)
            .ThenByDescending(one => one.IdleFor)
            .Take(Math.Max(1, _limits.MaxConnections / 32))
            .ToList();
        foreach (var connection in idle)
        {
            Close(connection, "room");
        }

        return idle.Count > 0;
    }

    private void Close(OpenConnection connection, string reason)
    {
        // Before it may leave, which counts it out again.
        Interlocked.Increment(ref _closing);
        if (connection.TryClose())
        {
            _metrics.Ended(reason);
        }
        else
        {
            Interlocked.Decrement(ref _closing);
        }
    }

    private async Task RefuseAsync(ConnectionContext connection)
    {
        try
        {
            using var deadline = new CancellationTokenSource(RefusalTimeout, _time);
            // What the client has sent is read first: with unread bytes a close is a reset, which would take the answer with it.
            var read = await connection.Transport.Input.ReadAsync(deadline.Token);
            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            await connection.Transport.Output.WriteAsync(_limits.Refusal, deadline.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // It has asked for nothing, or has gone.
        }
        finally
        {
            await connection.DisposeAsync();
            _places.Release();
        }
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(SweepInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var (connection, _) in _open)
                {
                    Check(connection);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void Check(OpenConnection connection)
    {
        if (connection.IsStalled)
        {
            _metrics.Ended("stalled");
            connection.Abort(new ConnectionAbortedException("The client takes nothing."));
        }
        else if (!connection.HasSpoken && connection.IdleFor > _limits.FirstRequestTimeout)
        {
            Close(connection, "silent");
        }
        else if (connection.ClosingFor > LongestClosing && connection.IsIdle)
        {
            connection.Abort(new ConnectionAbortedException("The connection gave way to another."));
        }
    }
}
