using System.Collections.Concurrent;

namespace StreamGateway.Mirror;

/// <summary>Cancels a transfer in which nothing has moved for too long; a slow but living one may take any time.</summary>
/// <remarks>Timers are used again by later requests: most transfers are over in a millisecond.</remarks>
internal sealed class MirrorStall : IDisposable
{
    private const int MostIdleTimers = 256;

    /// <summary>Setting a timer anew costs more than moving a few bytes does, so it is done once in this time, in ms.</summary>
    private const int Precision = 1_000;

    private static readonly ConcurrentQueue<CancellationTokenSource> s_idle = new();

    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenRegistration _clientGone;
    private readonly TimeSpan _patience;
    private long _setAt;

    /// <param name="patience">How long nothing may move.</param>
    /// <param name="clientGone">Cancels the transfer too.</param>
    public MirrorStall(TimeSpan patience, CancellationToken clientGone)
    {
        _timer = s_idle.TryDequeue(out var idle) ? idle : new CancellationTokenSource();
        Token = _timer.Token;
        _patience = patience;
        Set(Environment.TickCount64);
        _clientGone = clientGone.UnsafeRegister(static timer => ((CancellationTokenSource)timer!).Cancel(), _timer);
    }

    public CancellationToken Token { get; }

    public void Moved()
    {
        var now = Environment.TickCount64;
        if (now - _setAt >= Precision)
        {
            Set(now);
        }
    }

    /// <summary>Ends the transfer, whatever of it still goes on.</summary>
    public void Cancel() => _timer.Cancel();

    public void Dispose()
    {
        _clientGone.Dispose(); // waits where it is just being cancelled
        if (s_idle.Count < MostIdleTimers && _timer.TryReset())
        {
            s_idle.Enqueue(_timer);
        }
        else
        {
            _timer.Dispose();
        }
    }

    private void Set(long now)
    {
        _setAt = now;
        _timer.CancelAfter(_patience);
    }
}
