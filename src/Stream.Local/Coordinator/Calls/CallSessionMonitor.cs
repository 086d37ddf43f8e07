using GetStream.Local.Coordinator.Users;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Ends sessions that stayed empty or ran out of time, and tells members of calls they missed.</summary>
internal sealed partial class CallSessionMonitor : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly StateStore _store;
    private readonly CallSessions _sessions;
    private readonly CallRinging _ringing;
    private readonly RemovedUsers _removed;
    private readonly ISfu _sfu;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public CallSessionMonitor(
        StateStore store, CallSessions sessions, CallRinging ringing, RemovedUsers removed, ISfu sfu,
        TimeProvider clock, ILogger<CallSessionMonitor> logger)
    {
        _store = store;
        _sessions = sessions;
        _ringing = ringing;
        _removed = removed;
        _sfu = sfu;
        _clock = clock;
        _logger = logger;
    }

    public void Start() => _loop = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(s_interval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var call in _store.Calls.Rows)
                    await CheckAsync(call);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task CheckAsync(CallState call)
    {
        try
        {
            var now = _clock.GetUtcNow();
            if (call.RunningSession is not { } session)
                return;
            if (session.RangAt is { } rang && now >= rang.AddMilliseconds(call.Settings.Ring.MissedCallTimeoutMs))
                _ringing.Miss(call, now);
            await _removed.SendAwayFromAsync(call, _stopping.Token);
            if (session.TimerEndsAt <= now)
            {
                await _sfu.EndCallAsync(call.Cid, RtcCallEndReason.SessionEnded, _stopping.Token);
                _sessions.End(call.Cid);
            }
            else if (session.EmptySince is { } since
                && now >= since.AddSeconds(call.Settings.Session.InactivityTimeoutSeconds))
            {
                _sessions.EndIfEmpty(call.Cid);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The next tick tries again; other calls must not wait for this one.
            LogCheckFailed(_logger, call.Cid, exception);
        }
    }

    [LoggerMessage(7300, LogLevel.Error, "{Cid}: its session could not be checked", EventName = "SessionCheckFailed")]
    private static partial void LogCheckFailed(ILogger logger, string cid, Exception exception);
}
