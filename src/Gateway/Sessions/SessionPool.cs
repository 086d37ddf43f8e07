using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Server;

namespace StreamGateway.Sessions;

/// <summary>
/// Owns every session of this process; nothing else starts or ends one.
/// </summary>
/// <remarks>
/// Keyed by session id: a call can hold several of our sessions. Safe from any thread. A session that ended is
/// remembered for a while, without counting against the capacity.
/// </remarks>
internal sealed partial class SessionPool(
    SessionJoiner joiner, EventHub hub, EventsMetrics eventsMetrics, SessionPoolMetrics metrics, DescriptorBudget descriptors,
    ResourceMonitor resources, IOptions<SessionPoolOptions> options, TimeProvider time, ILogger<SessionPool> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, PooledSession> _sessions = new();
    private long _lastNumber;
    private int _live;
    private volatile bool _draining;

    public int LiveCount => Volatile.Read(ref _live);

    public int Capacity => descriptors.Sessions;

    public bool IsDraining => _draining;

    /// <summary>Begins to join; <see cref="PooledSession.Joined"/> tells when it has. The session belongs to the caller.</summary>
    /// <exception cref="ProblemException">The pool is full, the process is short of something, or the service is stopping.</exception>
    public PooledSession Start(JoinRequest request, ClaimsPrincipal caller)
    {
        if (_draining)
        {
            throw new ProblemException(ProblemTypes.Draining, "The gateway is stopping and takes no new sessions.")
            {
                RetryAfter = options.Value.RetryAfter,
            };
        }

        resources.Require(DescriptorBudget.PerSession);
        if (Interlocked.Increment(ref _live) > Capacity)
        {
            Interlocked.Decrement(ref _live);
            throw new ProblemException(
                ProblemTypes.CapacityExceeded,
                Capacity < options.Value.MaxSessions
                    ? $"All {Capacity} sessions are taken that the limit of open files allows."
                    : $"All {Capacity} sessions are taken.")
            {
                RetryAfter = options.Value.RetryAfter,
            };
        }

        var session = new PooledSession(request, caller, Interlocked.Increment(ref _lastNumber), hub, eventsMetrics, time, logger);
        _sessions[session.Id] = session;
        _ = RunAsync(session);
        return session;
    }

    /// <exception cref="ProblemException">There is none with this id that the caller may see, or it is forgotten.</exception>
    public PooledSession Get(string id, ClaimsPrincipal caller) =>
        _sessions.TryGetValue(id, out var session) && Viewer.Of(caller).Sees(session.Owner)
            ? session
            : throw new ProblemException(ProblemTypes.SessionNotFound, "There is no session with this id, or it is forgotten.");

    /// <summary>Every session that is live or remembered and that the caller may see, newest first.</summary>
    public IEnumerable<PooledSession> All(ClaimsPrincipal caller)
    {
        var viewer = Viewer.Of(caller);
        return _sessions.Values.Where(session => viewer.Sees(session.Owner)).OrderByDescending(session => session.Number);
    }

    /// <summary>Leaves; once it returns, nothing of the session is left in the call.</summary>
    /// <exception cref="ProblemException">It took longer than allowed; the session goes on leaving.</exception>
    public async Task LeaveAsync(PooledSession session, string reason, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Value.LeaveTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await session.LeaveAsync(reason, both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new ProblemException(ProblemTypes.DeadlineExceeded, "Leaving takes longer than expected and goes on.");
        }
    }

    /// <summary>Leaves on behalf of a client that is gone and will never know the session. Never fails.</summary>
    public Task AbandonAsync(PooledSession session) => LeaveQuietlyAsync(session, "cancelled", CancellationToken.None);

    /// <summary>Before the HTTP server stops: its open streams end because the sessions end.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        var live = _sessions.Values.Where(session => session.IsLive).ToList();
        LogDraining(live.Count);

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.DrainTimeout);
        await Task.WhenAll(live.Select(session => LeaveQuietlyAsync(session, "shutdown", deadline.Token)));
        hub.Complete("shutdown");
        LogDrained(live.Count(session => session.IsLive));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.Watch(() => LiveCount);
        using var timer = new PeriodicTimer(SweepInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                ForgetOld();
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    /// <summary>Forgets sessions that ended long ago, and the oldest of too many.</summary>
    internal void ForgetOld()
    {
        var ended = _sessions.Values.Where(session => !session.IsLive).OrderByDescending(session => session.EndedAt).ToList();
        var oldest = time.GetUtcNow() - options.Value.RememberFor;
        foreach (var session in ended.Where((session, rank) => session.EndedAt <= oldest || rank >= options.Value.MaxRemembered))
        {
            if (_sessions.TryRemove(session.Id, out _))
            {
                session.Dispose();
            }
        }
    }

    private async Task RunAsync(PooledSession session)
    {
        var started = time.GetTimestamp();
        var run = session.RunAsync(joiner);
        await session.Joined;
        if (session.JoinedAt is not null)
        {
            metrics.Joined(time.GetElapsedTime(started));
            LogJoined(session.Cid, session.Id, session.UserId, time.GetElapsedTime(started).TotalMilliseconds);
        }

        await run;
        Interlocked.Decrement(ref _live);
        metrics.Ended(session.EndReason!);
        LogEnded(session.Cid, session.Id, session.EndReason!);
    }

    private async Task LeaveQuietlyAsync(PooledSession session, string reason, CancellationToken deadline)
    {
        try
        {
            await session.LeaveAsync(reason, deadline);
        }
        catch (Exception failure)
        {
            // One session that cannot leave must not keep the others from it, and nobody waits for one that is abandoned.
            LogLeaveFailed(failure, session.Cid, session.Id);
        }
    }
}
