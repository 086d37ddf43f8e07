using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Members;

/// <summary>The members of calls.</summary>
internal sealed class MembersApi(
    CallDirectory calls, CallPermissions permissions, CallViews views, CallEvents events, LocalStreamOptions options)
    : IOperationFamily
{
    private const int MaxSortFields = 1;

    private static readonly QuerySchema<CallMemberState> s_members = new(
        member => member.UserId,
        member => member.Custom,
        new("user_id", FieldKind.Text, member => member.UserId),
        new("role", FieldKind.Text, member => member.Role),
        new("created_at", FieldKind.Time, member => member.CreatedAt),
        new("updated_at", FieldKind.Time, member => member.UpdatedAt));

    public void Map(OperationTable operations)
    {
        operations.Map<UpdateCallMembersRequest, UpdateCallMembersResponse>(
            ApiOperations.Video.UpdateCallMembers, OperationAccess.User, Update);
        operations.Map<QueryCallMembersRequest, QueryCallMembersResponse>(
            ApiOperations.Video.QueryCallMembers, OperationAccess.User, Query);
    }

    private UpdateCallMembersResponse Update(ApiRequest request, UpdateCallMembersRequest body)
    {
        var call = calls.Get(request);
        var updates = body.UpdateMembers ?? [];
        var removals = body.RemoveMembers ?? [];
        Limits.Count(updates.Count, Limits.MaxPageSize, "update_members");
        Limits.Count(removals.Count, Limits.MaxPageSize, "remove_members");
        if (updates.Count > 0)
            permissions.Require(request.Caller, call, Capabilities.UpdateCallMember, request.Operation);
        if (removals.Any(id => id != request.Caller.UserId))
            permissions.Require(request.Caller, call, Capabilities.RemoveCallMember, request.Operation);

        var described = calls.Members(updates, request.Now);
        var before = call;
        call = calls.Change(
            call.Cid,
            call =>
            {
                before = call;
                var kept = described.Values.Select(member => member with
                {
                    CreatedAt = call.Members.TryGetValue(member.UserId, out var known) ? known.CreatedAt : request.Now,
                });
                var members = call.Members
                    .SetItems(kept.Select(member => KeyValuePair.Create(member.UserId, member)))
                    .RemoveRange(removals);
                if (members.Count > options.MaxMembersPerCall)
                    throw ApiException.Input($"a call has at most {options.MaxMembersPerCall} members");
                return call with { Members = members, UpdatedAt = request.Now };
            },
            call => Publish(before, call, described.Keys, removals, request.Now));
        return new UpdateCallMembersResponse
        {
            Members = [.. described.Keys.Where(call.Members.ContainsKey).Select(id => views.Member(call.Members[id]))],
            Duration = request.Duration,
        };
    }

    private void Publish(
        CallState before, CallState call, IEnumerable<string> updated, IReadOnlyList<string> removals,
        DateTimeOffset now)
    {
        var (known, added) = Split(updated.Where(call.Members.ContainsKey), before.Members.ContainsKey);
        var removed = removals.Where(before.Members.ContainsKey).Distinct().ToList();
        if (added.Count > 0)
        {
            events.ToMembers(call, new CallMemberAddedEvent
            {
                CallCid = call.Cid, Call = views.Call(call), Members = Views(added), CreatedAt = now,
            });
        }

        if (known.Count > 0)
        {
            events.ToMembers(call, new CallMemberUpdatedEvent
            {
                CallCid = call.Cid, Call = views.Call(call), Members = Views(known), CreatedAt = now,
            });
        }

        var promoted = known.Where(id => before.Members[id].Role != call.Members[id].Role).ToList();
        if (promoted.Count > 0)
        {
            events.ToMembers(call, new CallMemberUpdatedPermissionEvent
            {
                CallCid = call.Cid,
                Call = views.Call(call),
                Members = Views(promoted),
                CapabilitiesByRole = permissions.ByRole(call.Type),
                CreatedAt = now,
            });
        }

        if (removed.Count > 0)
        {
            var left = new CallMemberRemovedEvent
            {
                CallCid = call.Cid, Call = views.Call(call), Members = removed, CreatedAt = now,
            };
            events.ToMembers(call, left, formerMembers: removed);
        }

        List<MemberResponse> Views(IEnumerable<string> ids) => [.. ids.Select(id => views.Member(call.Members[id]))];
    }

    private static (List<string> Matching, List<string> Others) Split(IEnumerable<string> ids, Predicate<string> match)
    {
        var all = ids.ToLookup(id => match(id));
        return ([.. all[true]], [.. all[false]]);
    }

    private QueryCallMembersResponse Query(ApiRequest request, QueryCallMembersRequest body)
    {
        var call = calls.Get(CallDirectory.Cid(body.Type, body.Id));
        permissions.Require(request.Caller, call, Capabilities.ReadCall, request.Operation);
        var matches = Filter.Parse(body.FilterConditions, s_members);
        var order = new RowOrder<CallMemberState>(body.Sort, s_members, "created_at", 1, MaxSortFields);
        var page = Page.Cut(call.Members.Values.Where(matches), order, body.Limit, body.Next, body.Prev);
        return new QueryCallMembersResponse
        {
            Members = [.. page.Rows.Select(views.Member)],
            Next = page.Next,
            Prev = page.Prev,
            Duration = request.Duration,
        };
    }
}
