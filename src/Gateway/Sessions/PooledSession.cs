using System.Security.Claims;
using System.Security.Cryptography;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Sessions;

/// <summary>One session of the pool, from the request to join until it is forgotten.</summary>
/// <remarks>
/// One loop, <see cref="RunAsync"/>, joins, reads the native events and ends the session; nothing else changes what
/// clients see, except under the hub's gate. Safe from any thread.
/// </remarks>
internal sealed partial class PooledSession : IDisposable
{
    private readonly bool _mayChangeUsers;
    private readonly EventHub _hub;
    private readonly EventHub.CallJournalLease _call;
    private readonly EventsMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Roster _roster = new();
    private readonly CancellationTokenSource _joining = new();
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RtcSession? _native;
    private string? _leaveReason;
    private long _sequence;
    private ulong _nativeSequence;

    public PooledSession(
        JoinRequest request, ClaimsPrincipal caller, long number, EventHub hub, EventsMetrics metrics, TimeProvider time, ILogger logger)
    {
        Request = request;
        Owner = caller.OwnerName();
        _mayChangeUsers = caller.MayUse(Scopes.Rest);
        Number = number;
        Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        Call = request.Call();
        Cid = Call.ToString();
        CreatedAt = time.GetUtcNow();
        Metadata = request.Metadata ?? [];
        Subscribe = SubscribeRequest.WithDefaults(request.Subscribe);
        _hub = hub;
        _call = hub.LeaseCall(Cid);
        _metrics = metrics;
        _time = time;
        _logger = logger;
        Journal = hub.NewSessionJournal();
    }

    public string Id { get; }

    /// <value>Rises with each session of the process; the order of lists.</value>
    public long Number { get; }

    public JoinRequest Request { get; }

    /// <value>The name of the key it belongs to; null on a gateway without keys.</value>
    public string? Owner { get; }

    public CallCid Call { get; }

    public string Cid { get; }

    public string UserId => Request.Participant().Id!;

    public EventJournal Journal { get; }

    public DateTimeOffset CreatedAt { get; }

    // What follows changes under the hub's gate.

    public SessionState State { get; private set; } = SessionState.Joining;

    public DateTimeOffset? JoinedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    public string? EndReason { get; private set; }

    public SessionError? Error { get; private set; }

    public string? ParticipantSessionId { get; private set; }

    public int Reconnects { get; private set; }

    public IReadOnlyList<string> OwnCapabilities { get; private set; } = [];

    public SubscribeRequest Subscribe { get; private set; }

    public MutedResponse Muted { get; private set; } = new(false, false);

    public IReadOnlyDictionary<string, string> Metadata { get; private set; }

    /// <value>Why the join failed, as the client that waits for it is told.</value>
    public ProblemException? Failure { get; private set; }

    /// <value>Completes when the session is in its call, or will never be.</value>
    public Task Joined => _joined.Task;

    /// <value>Completes when nothing of the session is left but what is remembered.</value>
    public Task Ended => _ended.Task;

    public bool IsLive => !_ended.Task.IsCompleted;

    /// <summary>Joins, then follows the native events until the last. Never fails.</summary>
    public async Task RunAsync(SessionJoiner joiner)
    {
        try
        {
            await using var native = await joiner.JoinAsync(Request, _mayChangeUsers, _joining.Token);
            await FollowAsync(native, joiner);
        }
        catch (OperationCanceledException) when (_joining.IsCancellationRequested)
        {
            End(_leaveReason ?? "cancelled", failure: null);
        }
        catch (Exception failure)
        {
            End("failed", ExceptionProblems.From(failure));
        }
        finally
        {
            // The native events ended without `left`: a defect, but never a session that hangs.
            End("failed", new ProblemException(ProblemTypes.Internal, "The session ended without a word."));
            _joined.TrySetResult();
            _ended.TrySetResult();
        }
    }

    /// <summary>Leaves, whatever the session is doing; completes when it has ended.</summary>
    /// <exception cref="OperationCanceledException">It took longer than the caller wanted to wait; the session goes on leaving.</exception>
    public async Task LeaveAsync(string reason, CancellationToken cancellationToken)
    {
        RtcSession? native;
        lock (_hub.Gate)
        {
            _leaveReason ??= reason;
            native = _native;
            if (State is SessionState.Joined or SessionState.Reconnecting)
            {
                State = SessionState.Leaving;
            }
        }

        if (native is null)
        {
            await _joining.CancelAsync();
        }
        else
        {
            await native.LeaveAsync(reason, cancellationToken);
        }

        await Ended.WaitAsync(cancellationToken);
    }

    /// <summary>The native session, for what is done in the call.</summary>
    /// <exception cref="ProblemException">The session is not in its call: not yet, or not any more.</exception>
    public RtcSession RequireNative()
    {
        lock (_hub.Gate)
        {
            return State switch
            {
                SessionState.Joined or SessionState.Reconnecting => _native!,
                SessionState.Joining => throw new ProblemException(ProblemTypes.SessionNotJoined, "The session is still joining."),
                _ => throw new ProblemException(ProblemTypes.SessionEnded, $"The session has ended: {EndReason ?? "leaving"}."),
            };
        }
    }

    public void SetMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        lock (_hub.Gate)
        {
            Metadata = metadata;
        }
    }

    public void SetSubscribe(SubscribeRequest inForce)
    {
        lock (_hub.Gate)
        {
            Subscribe = inForce;
        }
    }

    public void SetMuted(MutedResponse inForce)
    {
        lock (_hub.Gate)
        {
            Muted = inForce;
        }
    }

    /// <summary>Forgets the session: its journal is emptied, and its call's is released.</summary>
    public void Dispose()
    {
        _hub.Forget(Journal);
        _call.Dispose();
        _joining.Dispose();
    }

    private async Task FollowAsync(RtcSession native, SessionJoiner joiner)
    {
        bool leaveAtOnce;
        lock (_hub.Gate)
        {
            _native = native;
            leaveAtOnce = _leaveReason is not null;
        }

        if (leaveAtOnce)
        {
            await native.LeaveAsync(_leaveReason, CancellationToken.None);
        }

        await foreach (var happened in native.Events.ReadAllAsync(CancellationToken.None))
        {
            Handle(happened);
            if (happened.PayloadCase is Event.PayloadOneofCase.TokenExpiring)
            {
                await RenewTokenAsync(native, joiner);
            }
        }
    }

    private async Task RenewTokenAsync(RtcSession native, SessionJoiner joiner)
    {
        try
        {
            await joiner.RenewTokenAsync(native);
        }
        catch (RtcException failure)
        {
            // It is leaving; otherwise the library asks again when the token is refused.
            LogTokenNotRenewed(failure, Cid, Id);
        }
    }

    private void Handle(Event happened)
    {
        if (_nativeSequence != 0 && happened.Seq > _nativeSequence + 1)
        {
            Publish(SessionEvents.Gap(this, ++_sequence, _nativeSequence + 1, happened.Seq - 1), change: null);
            LogEventsLost(Cid, Id, happened.Seq - _nativeSequence - 1);
        }

        _nativeSequence = happened.Seq;
        if (happened is { PayloadCase: Event.PayloadOneofCase.Left, Left.Reason: "left" })
        {
            happened.Left.Reason = LeaveReason() ?? "left"; // the library does not know why it was told to leave
        }

        if (happened.PayloadCase is Event.PayloadOneofCase.CoordinatorEvent)
        {
            Publish(SessionEvents.Create(this, ++_sequence, happened.CoordinatorEvent, happened.TimeUnixNs), happened);
        }
        else if (EventJson.TypeOf(happened) is { } type)
        {
            Publish(SessionEvents.Create(this, ++_sequence, type, happened), happened);
        }
    }

    private string? LeaveReason()
    {
        lock (_hub.Gate)
        {
            return _leaveReason;
        }
    }

    private void Publish(GatewayEvent framed, Event? change)
    {
        lock (_hub.Gate)
        {
            if (change is not null)
            {
                Apply(change);
            }

            Journal.Append(framed);
            if (framed.Type is not EventTypeFilter.OptIn) // it would push everything else out of the shared journals
            {
                _call.Journal.Append(framed);
                _hub.All.Append(framed);
            }

            if (change?.PayloadCase == Event.PayloadOneofCase.Left)
            {
                Journal.Complete(EndReason!);
            }
        }

        _metrics.EventPublished();
        if (change?.PayloadCase == Event.PayloadOneofCase.Joined)
        {
            _joined.TrySetResult();
        }
    }

    private void Apply(Event change)
    {
        _roster.Apply(change);
        switch (change.PayloadCase)
        {
            case Event.PayloadOneofCase.Joined:
                State = _leaveReason is null ? SessionState.Joined : SessionState.Leaving;
                JoinedAt = _time.GetUtcNow();
                ParticipantSessionId = change.Joined.ParticipantSessionId;
                OwnCapabilities = [.. change.Joined.OwnCapabilities];
                break;
            case Event.PayloadOneofCase.Reconnecting when State == SessionState.Joined:
                State = SessionState.Reconnecting;
                break;
            case Event.PayloadOneofCase.Reconnected:
                State = State == SessionState.Reconnecting ? SessionState.Joined : State;
                Reconnects++;
                ParticipantSessionId = change.Reconnected.ParticipantSessionId;
                break;
            case Event.PayloadOneofCase.PermissionsUpdated:
                OwnCapabilities = [.. change.PermissionsUpdated.OwnCapabilities];
                break;
            case Event.PayloadOneofCase.MutedByModerator:
                Muted = new MutedResponse(
                    Muted.Audio || change.MutedByModerator.TrackTypes.Contains(TrackType.Audio),
                    Muted.Video || change.MutedByModerator.TrackTypes.Contains(TrackType.Video));
                break;
            case Event.PayloadOneofCase.Left:
                ApplyEnd(
                    change.Left.Error is null ? SessionState.Left : SessionState.Failed,
                    change.Left.Reason,
                    change.Left.Error is { } error ? RtcProblems.From(error) : null);
                break;
        }
    }

    private void ApplyEnd(SessionState state, string reason, ProblemException? failure)
    {
        State = state;
        EndReason = reason;
        EndedAt = _time.GetUtcNow();
        Failure ??= failure;
        Error = Failure is null ? null : new SessionError(Failure.Type.Code, Failure.Message, Failure.Stage);
        _native = null;
    }

    /// <summary>Ends a session whose end no native event told; does nothing once it has ended.</summary>
    private void End(string reason, ProblemException? failure)
    {
        lock (_hub.Gate)
        {
            if (State is SessionState.Left or SessionState.Failed)
            {
                return;
            }

            Failure = failure; // with what Stream answered, which the event has no room for
        }

        var left = new Event { TimeUnixNs = UnixNanoseconds(), Left = new Left { Reason = reason } };
        if (failure is not null)
        {
            LogFailed(failure.Type == ProblemTypes.Internal ? failure.InnerException : null, Cid, Id, failure.Type.Code, failure.Stage, failure.Message);
            left.Left.Error = new Native.Rtc.V1.Error
            {
                Kind = failure.Type.Code, Message = failure.Message, Stage = failure.Stage ?? "",
            };
        }

        Publish(SessionEvents.Create(this, ++_sequence, "left", left), left);
    }

    private long UnixNanoseconds() => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    [LoggerMessage(2010, LogLevel.Information, "{Cid} session {SessionId} failed: {Code} ({Stage}) {Detail}")]
    private partial void LogFailed(Exception? exception, string cid, string sessionId, string code, string? stage, string detail);

    [LoggerMessage(2012, LogLevel.Information, "{Cid} session {SessionId} did not take a new token")]
    private partial void LogTokenNotRenewed(Exception exception, string cid, string sessionId);

    [LoggerMessage(2011, LogLevel.Warning, "{Cid} session {SessionId} lost {Count} events: the gateway was too slow to take them")]
    private partial void LogEventsLost(string cid, string sessionId, ulong count);
}
