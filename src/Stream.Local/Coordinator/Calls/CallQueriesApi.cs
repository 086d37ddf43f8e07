using GetStream.Http;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Finds calls, and the participants of one.</summary>
internal sealed class CallQueriesApi(
    StateStore store, CallDirectory calls, CallPermissions permissions, CallViews views) : IOperationFamily
{
    private const int MaxSortFields = 2;

    private static readonly QuerySchema<CallState> s_calls = new(
        call => call.Cid,
        call => call.Custom,
        new("type", FieldKind.Text, call => call.Type),
        new("id", FieldKind.Text, call => call.Id),
        new("cid", FieldKind.Text, call => call.Cid),
        new("team", FieldKind.Text, call => call.Team),
        new("created_by_user_id", FieldKind.Text, call => call.CreatedById),
        new("created_at", FieldKind.Time, call => call.CreatedAt),
        new("updated_at", FieldKind.Time, call => call.UpdatedAt),
        new("starts_at", FieldKind.Time, call => call.StartsAt),
        new("ended_at", FieldKind.Time, call => call.EndedAt),
        new("backstage", FieldKind.Flag, call => call.Backstage),
        new("ongoing", FieldKind.Flag, call => call.RunningSession is { StartedAt: not null }),
        new("members", FieldKind.TextList, call => call.Members.Keys.ToHashSet(StringComparer.Ordinal)));

    private static readonly QuerySchema<SessionParticipant> s_participants = new(
        participant => participant.ParticipantSessionId,
        _ => [],
        new("user_id", FieldKind.Text, participant => participant.UserId),
        new("user_session_id", FieldKind.Text, participant => participant.ParticipantSessionId),
        new("role", FieldKind.Text, participant => participant.Role),
        new("joined_at", FieldKind.Time, participant => participant.JoinedAt));

    public void Map(OperationTable operations)
    {
        operations.Map<QueryCallsRequest, QueryCallsResponse>(
            ApiOperations.Video.QueryCalls, OperationAccess.User, Query);
        operations.Map<QueryCallParticipantsRequest, QueryCallParticipantsResponse>(
            ApiOperations.Video.QueryCallParticipants, OperationAccess.User, QueryParticipants);
    }

    /// <remarks>A user finds the calls it may read, no others.</remarks>
    private QueryCallsResponse Query(ApiRequest request, QueryCallsRequest body)
    {
        var matches = Filter.Parse(body.FilterConditions, s_calls);
        var order = new RowOrder<CallState>(body.Sort, s_calls, "created_at", -1, MaxSortFields);
        var page = Page.Cut(
            store.Calls.Rows.Where(call => matches(call) && MayRead(request, call)),
            order, body.Limit, body.Next, body.Prev);
        if (body.Watch == true)
        {
            foreach (var call in page.Rows)
                calls.Watch(request, call);
        }

        return new QueryCallsResponse
        {
            Calls = [.. page.Rows.Select(call => State(request, call))],
            Next = page.Next,
            Prev = page.Prev,
            Duration = request.Duration,
        };
    }

    private bool MayRead(ApiRequest request, CallState call) =>
        request.Caller.IsServer || permissions.Of(request.Caller, call).Contains(Capabilities.ReadCall);

    private CallStateResponseFields State(ApiRequest request, CallState call) => new()
    {
        Call = views.Call(call),
        Members = views.Members(call, Limits.MaxPageSize),
        Membership = views.Membership(call, request.Caller.UserId),
        OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
    };

    private QueryCallParticipantsResponse QueryParticipants(ApiRequest request, QueryCallParticipantsRequest body)
    {
        var call = calls.Get(request, Capabilities.ReadCall);
        var matches = Filter.Parse(body.FilterConditions, s_participants);
        var found = (call.RunningSession?.Participants.Values ?? [])
            .Where(matches)
            .OrderBy(participant => participant.JoinedAt)
            .ToList();
        var limit = request.QueryInt("limit", 0, Limits.MaxPageSize) ?? Limits.DefaultPageSize;
        return new QueryCallParticipantsResponse
        {
            Call = views.Call(call),
            Members = views.Members(call, Limits.MaxPageSize),
            Membership = views.Membership(call, request.Caller.UserId),
            OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
            Participants = [.. found.Take(limit).Select(views.Participant)],
            TotalParticipants = found.Count,
            Duration = request.Duration,
        };
    }
}
