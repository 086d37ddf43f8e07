using GetStream.Local.Auth;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Keeps the sessions of calls: when they start and end, and who is in them, as the SFU tells.</summary>
internal sealed class CallSessions(
    StateStore store, CallDirectory calls, CallPermissions permissions, CallViews views, CallEvents events,
    TimeProvider clock)
{
    /// <summary>The call with a running session: the one it has, or a new one.</summary>
    public static CallState WithSession(CallState call, DateTimeOffset now) =>
        call.RunningSession is not null ? call : call with
        {
            Session = new CallSessionState { Id = Guid.NewGuid().ToString(), EmptySince = now },
        };

    public void ParticipantJoined(string cid, string userId, string participantSessionId, bool anonymous)
    {
        var now = clock.GetUtcNow();
        var started = false;
        calls.TryChange(cid, call =>
        {
            call = WithSession(call, now);
            started = call.Session!.StartedAt is null;
            var session = started ? Start(call, now) : call.Session;
            return call with { Session = Add(session, call, userId, participantSessionId, anonymous, now) };
        }, call =>
        {
            var session = call.Session!;
            if (started)
            {
                events.ToWatchers(call, new CallSessionStartedEvent
                {
                    CallCid = cid, Call = views.Call(call), SessionId = session.Id, CreatedAt = now,
                });
            }

            if (session.Participants.TryGetValue(participantSessionId, out var participant))
            {
                events.ToWatchers(call, new CallSessionParticipantJoinedEvent
                {
                    CallCid = cid,
                    SessionId = session.Id,
                    Participant = views.Participant(participant),
                    CreatedAt = now,
                });
            }

            PublishCounts(call, session, now);
        });
    }

    public void ParticipantLeft(string cid, string participantSessionId, string reason)
    {
        var now = clock.GetUtcNow();
        SessionParticipant? left = null;
        calls.TryChange(cid, call =>
        {
            if (call.Session is not { } session)
                return call;
            left = session.Participants.GetValueOrDefault(participantSessionId);
            if (left is null && !session.AnonymousSessionIds.Contains(participantSessionId))
                return call;
            session = session.WithoutParticipant(participantSessionId, now);
            return call with { Session = session with { EmptySince = session.IsEmpty ? now : null } };
        }, call =>
        {
            Keep(call);
            if (left is not null)
            {
                events.ToWatchers(call, new CallSessionParticipantLeftEvent
                {
                    CallCid = cid,
                    SessionId = call.Session!.Id,
                    Participant = views.Participant(left),
                    DurationSeconds = (int)(now - left.JoinedAt).TotalSeconds,
                    Reason = reason.Length == 0 ? null : reason,
                    CreatedAt = now,
                });
            }

            PublishCounts(call, call.Session!, now);
        });
    }

    /// <summary>Ends the running session of a call, if there is one.</summary>
    public void End(string cid) => End(cid, _ => true);

    /// <summary>Like <see cref="End(string)"/>, unless somebody came meanwhile.</summary>
    public void EndIfEmpty(string cid) => End(cid, session => session.IsEmpty);

    private void End(string cid, Func<CallSessionState, bool> condition)
    {
        var now = clock.GetUtcNow();
        calls.TryChange(
            cid,
            call => call.RunningSession is { } session && condition(session)
                ? call with { Session = Ended(session, now) }
                : call,
            call =>
            {
                Keep(call);
                events.ToWatchers(call, new CallSessionEndedEvent
                {
                    CallCid = cid, Call = views.Call(call), SessionId = call.Session!.Id, CreatedAt = now,
                });
            });
    }

    /// <summary>Notes a session that is over; who leaves it only now is noted as well.</summary>
    private void Keep(CallState call)
    {
        if (call.Session is { EndedAt: not null } session)
            store.PastSessions.Put(session.Id, new SessionRecord(call.Cid, session));
    }

    private static CallSessionState Ended(CallSessionState session, DateTimeOffset now) => session with
    {
        EndedAt = now,
        LiveEndedAt = session.LiveStartedAt is null ? null : session.LiveEndedAt ?? now,
    };

    private static CallSessionState Start(CallState call, DateTimeOffset now) => call.Session! with
    {
        StartedAt = now,
        LiveStartedAt = call.Settings.Backstage.Enabled && !call.Backstage ? call.Session.LiveStartedAt ?? now : null,
        TimerEndsAt = call.Settings.Limits.MaxDurationSeconds is > 0 and var seconds ? now.AddSeconds(seconds) : null,
    };

    private CallSessionState Add(
        CallSessionState session, CallState call, string userId, string participantSessionId, bool anonymous,
        DateTimeOffset now)
    {
        session = session with { EmptySince = null };
        return anonymous || userId == Caller.AnonymousId
            ? session with { AnonymousSessionIds = session.AnonymousSessionIds.Add(participantSessionId) }
            : session with
            {
                Participants = session.Participants.SetItem(
                    participantSessionId,
                    new SessionParticipant(userId, participantSessionId, permissions.RoleIn(userId, call), now)),
            };
    }

    private void PublishCounts(CallState call, CallSessionState session, DateTimeOffset now) =>
        events.ToWatchers(call, new CallSessionParticipantCountsUpdatedEvent
        {
            CallCid = call.Cid,
            SessionId = session.Id,
            ParticipantsCountByRole = CallViews.CountByRole(session),
            AnonymousParticipantCount = session.AnonymousSessionIds.Count,
            CreatedAt = now,
        });
}
