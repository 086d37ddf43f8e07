using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Auth;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Joining: who may, and with what credentials they reach the SFU.</summary>
internal sealed class JoinApi(
    StateStore store, CallDirectory calls, CallRinging ringing, CallPermissions permissions, CallViews views, ISfu sfu,
    SfuTokens tokens) : IOperationFamily
{
    private const int StatsIntervalMs = 2_000;

    public void Map(OperationTable operations) =>
        operations.Map<JoinCallRequest, JoinCallResponse>(ApiOperations.Video.JoinCall, OperationAccess.User, Join);

    private JoinCallResponse Join(ApiRequest request, JoinCallRequest body)
    {
        var membersLimit = Limits.Range(
            body.MembersLimit ?? Limits.MaxPageSize, 0, Limits.MaxPageSize, "members_limit");
        if (request.Caller.UserId is null)
            throw ApiException.Input("a server joins on behalf of a user: user_id is missing in the query");

        var (call, created) = body.Create == true ? calls.GetOrCreate(request, body.Data) : (calls.Get(request), false);
        RequireEntry(request, call);
        call = calls.Change(call.Cid, call => CallSessions.WithSession(call, request.Now));
        calls.Watch(request, call);
        call = ringing.Announce(request, call, body.Ring ?? false, body.Notify ?? false, body.Video ?? false);
        return new JoinCallResponse
        {
            Call = views.Call(call),
            Members = views.Members(call, membersLimit),
            Membership = views.Membership(call, request.Caller.UserId),
            OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
            Created = created,
            Credentials = Credentials(request.Caller, call, Avoided(body)),
            StatsOptions = new StatsOptions { EnableRtcStats = false, ReportingIntervalMs = StatsIntervalMs },
            Duration = request.Duration,
        };
    }

    private void RequireEntry(ApiRequest request, CallState call)
    {
        var caller = request.Caller;
        if (call.BlockedUserIds.Contains(caller.UserId!))
            throw ApiException.NotAllowed($"User '{caller.UserId}' is blocked in call {call.Cid}");
        permissions.Require(caller, call, Capabilities.JoinCall, request.Operation);
        if (call.EndedAt is not null)
            permissions.Require(caller, call, Capabilities.JoinEndedCall, request.Operation);
        if (call.Backstage && !IsAheadOfStart(call, request.Now))
            permissions.Require(caller, call, Capabilities.JoinBackstage, request.Operation);
    }

    /// <summary>Some calls let people in a while before they start, although still backstage.</summary>
    private static bool IsAheadOfStart(CallState call, DateTimeOffset now) =>
        call.Settings.Backstage.JoinAheadTimeSeconds is { } seconds
        && call.StartsAt is { } startsAt
        && now >= startsAt.AddSeconds(-seconds);

    private static List<string> Avoided(JoinCallRequest body) =>
        body.MigratingFrom is { Length: > 0 } from ? [.. body.MigratingFromList ?? [], from] : [.. body.MigratingFromList ?? []];

    /// <remarks>
    /// Clients that ask to be sent to another SFU, because theirs failed them, are sent to the same one again when there is
    /// no other: a fresh connection helps them where a refusal would end their session.
    /// </remarks>
    private Credentials Credentials(Caller caller, CallState call, List<string> avoided)
    {
        var place = sfu.Pick(call.Cid, avoided);
        return new Credentials
        {
            Server = new SFUResponse { EdgeName = place.EdgeName, Url = place.Url, WsEndpoint = place.WsEndpoint },
            Token = Token(caller, call, place.EdgeName),
            IceServers = [],
        };
    }

    private string Token(Caller caller, CallState call, string edgeName)
    {
        var userId = caller.UserId!;
        var user = store.Users.Find(userId);
        var role = permissions.RoleIn(userId, call);
        return tokens.Create(
            edgeName,
            call.Cid,
            new SfuUser(userId, user?.Name ?? "", user?.Image ?? "", user?.Custom ?? new JsonObject()),
            role,
            caller.IsAnonymous,
            caller.IsAnonymous ? CallGrants.None : CallGrants.From(permissions.Of(caller, call), call.Settings),
            ParticipantLimit(call, userId, role));
    }

    private static int? ParticipantLimit(CallState call, string userId, string role)
    {
        var limits = call.Settings.Limits;
        var exempt = limits.MaxParticipantsExcludeRoles.Contains(role)
            || (limits.MaxParticipantsExcludeOwner == true && call.CreatedById == userId);
        return limits.MaxParticipants is > 0 and var max && !exempt ? max : null;
    }
}
