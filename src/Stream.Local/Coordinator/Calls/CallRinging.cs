using System.Collections.Immutable;
using GetStream.Http;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Rings members, and keeps who accepted, rejected and missed the call.</summary>
internal sealed class CallRinging(
    CallDirectory calls, CallViews views, UserViews users, CallEvents events) : IOperationFamily
{
    private const int MaxRungByName = 25;

    public void Map(OperationTable operations)
    {
        operations.Map<RingCallRequest, RingCallResponse>(ApiOperations.Video.RingCall, OperationAccess.User, Ring);
        operations.Map<AcceptCallResponse>(ApiOperations.Video.AcceptCall, OperationAccess.User, Accept);
        operations.Map<RejectCallRequest, RejectCallResponse>(
            ApiOperations.Video.RejectCall, OperationAccess.User, Reject);
    }

    /// <summary>Rings or notifies the members as a request to get or join the call asks.</summary>
    public CallState Announce(ApiRequest request, CallState call, bool ring, bool notify, bool video)
    {
        if (ring)
            call = RingMembers(request, call, video, call.Members.Keys);
        if (notify)
            Notify(request, call);
        return call;
    }

    /// <summary>Tells those who were rung and answered nothing in time that they missed the call.</summary>
    public void Miss(CallState rung, DateTimeOffset now)
    {
        var missed = new List<string>();
        calls.TryChange(rung.Cid, call =>
        {
            if (call.RunningSession is not { RangAt: not null } session || session.Id != rung.Session?.Id)
                return call;
            missed.AddRange(session.RungIds.Where(id => call.Members.ContainsKey(id) && !HasAnswered(session, id)));
            return call with
            {
                Session = session with
                {
                    RangAt = null,
                    RungIds = [],
                    MissedBy = session.MissedBy.SetItems(missed.Select(id => KeyValuePair.Create(id, now))),
                },
            };
        }, call =>
        {
            foreach (var userId in missed)
            {
                events.ToMembers(call, new CallMissedEvent
                {
                    CallCid = call.Cid,
                    Call = views.Call(call),
                    Members = views.Members(call, Limits.MaxPageSize),
                    SessionId = call.Session!.Id,
                    User = users.Response(userId),
                    NotifyUser = true,
                    CreatedAt = now,
                });
            }
        });
    }

    private static bool HasAnswered(CallSessionState session, string userId) =>
        session.AcceptedBy.ContainsKey(userId)
        || session.RejectedBy.ContainsKey(userId)
        || session.Participants.Values.Any(participant => participant.UserId == userId);

    private RingCallResponse Ring(ApiRequest request, RingCallRequest body)
    {
        var call = calls.Get(request, Capabilities.JoinCall);
        Limits.Count(body.MembersIds?.Count ?? 0, MaxRungByName, "members_ids");
        if (body.MembersIds?.FirstOrDefault(id => !call.Members.ContainsKey(id)) is { } stranger)
            throw ApiException.Input($"user \"{Shortened.Text(stranger)}\" is not a member of call {call.Cid}");
        var rung = body.MembersIds is { Count: > 0 } chosen
            ? chosen
            : [.. call.Members.Keys.Order(StringComparer.Ordinal)];
        RingMembers(request, call, body.Video ?? false, rung);
        return new RingCallResponse { MembersIds = rung, Duration = request.Duration };
    }

    private CallState RingMembers(
        ApiRequest request, CallState call, bool video, IEnumerable<string> userIds) => calls.Change(
        call.Cid,
        call =>
        {
            call = CallSessions.WithSession(call, request.Now);
            var rung = userIds.Where(id => id != request.Caller.UserId).ToImmutableHashSet();
            return call with { Session = call.Session! with { RangAt = request.Now, RungIds = rung } };
        },
        call => events.ToUsers(call, userIds, new CallRingEvent
        {
            CallCid = call.Cid,
            Call = views.Call(call),
            Members = views.Members(call, Limits.MaxPageSize),
            SessionId = call.Session!.Id,
            User = users.Response(request.Caller.UserId ?? call.CreatedById),
            Video = video,
            CreatedAt = request.Now,
        }));

    private void Notify(ApiRequest request, CallState call) => calls.Tell(
        calls.Change(call.Cid, call => CallSessions.WithSession(call, request.Now)).Cid,
        call => events.ToMembers(call, new CallNotificationEvent
        {
            CallCid = call.Cid,
            Call = views.Call(call),
            Members = views.Members(call, Limits.MaxPageSize),
            SessionId = call.Session!.Id,
            User = users.Response(request.Caller.UserId ?? call.CreatedById),
            CreatedAt = request.Now,
        }));

    private AcceptCallResponse Accept(ApiRequest request)
    {
        var userId = Answering(request);
        calls.Change(
            calls.Get(request, Capabilities.JoinCall).Cid,
            call => Answered(call, request.Now, session => session with
            {
                AcceptedBy = session.AcceptedBy.SetItem(userId, request.Now),
                RejectedBy = session.RejectedBy.Remove(userId),
            }),
            call => events.ToMembers(call, new CallAcceptedEvent
            {
                CallCid = call.Cid, Call = views.Call(call), User = users.Response(userId), CreatedAt = request.Now,
            }));
        return new AcceptCallResponse { Duration = request.Duration };
    }

    private RejectCallResponse Reject(ApiRequest request, RejectCallRequest body)
    {
        var userId = Answering(request);
        Limits.OptionalLength(body.Reason, Limits.MaxShortLength, "reason");
        calls.Change(
            calls.Get(request, Capabilities.JoinCall).Cid,
            call => Answered(call, request.Now, session => session with
            {
                RejectedBy = session.RejectedBy.SetItem(userId, request.Now),
                AcceptedBy = session.AcceptedBy.Remove(userId),
            }),
            call => events.ToMembers(call, new CallRejectedEvent
            {
                CallCid = call.Cid,
                Call = views.Call(call),
                User = users.Response(userId),
                Reason = body.Reason,
                CreatedAt = request.Now,
            }));
        return new RejectCallResponse { Duration = request.Duration };
    }

    private static string Answering(ApiRequest request) =>
        request.Caller is { UserId: { } userId, IsAnonymous: false }
            ? userId
            : throw ApiException.Input("only a user answers a ringing call");

    private static CallState Answered(
        CallState call, DateTimeOffset now, Func<CallSessionState, CallSessionState> answer)
    {
        call = CallSessions.WithSession(call, now);
        return call with { Session = answer(call.Session!) };
    }
}
