using System.Collections.Immutable;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Groups;

/// <summary>Groups of users. Servers make and change them, users may look.</summary>
internal sealed class UserGroupsApi(StateStore store, UserDirectory users, UserGroupEvents events) : IOperationFamily
{
    private const int MaxDescriptionLength = 1_024;

    public void Map(OperationTable operations)
    {
        operations.Map<CreateUserGroupRequest, CreateUserGroupResponse>(
            ApiOperations.Common.CreateUserGroup, OperationAccess.Server, Create);
        operations.Map<GetUserGroupResponse>(ApiOperations.Common.GetUserGroup, OperationAccess.User, Get);
        operations.Map<UpdateUserGroupRequest, UpdateUserGroupResponse>(
            ApiOperations.Common.UpdateUserGroup, OperationAccess.Server, Update);
        operations.Map<Response>(ApiOperations.Common.DeleteUserGroup, OperationAccess.Server, Delete);
        operations.Map<AddUserGroupMembersRequest, AddUserGroupMembersResponse>(
            ApiOperations.Common.AddUserGroupMembers, OperationAccess.Server, AddMembers);
        operations.Map<RemoveUserGroupMembersRequest, RemoveUserGroupMembersResponse>(
            ApiOperations.Common.RemoveUserGroupMembers, OperationAccess.Server, RemoveMembers);
    }

    private CreateUserGroupResponse Create(ApiRequest request, CreateUserGroupRequest body)
    {
        var id = string.IsNullOrEmpty(body.Id) ? Guid.NewGuid().ToString() : Limits.UserId(body.Id, "id");
        CheckTexts(body.Name, body.Description, body.TeamId);
        var memberIds = body.MemberIds ?? [];
        if (memberIds.Count > 0)
            RequireMembers(memberIds);
        var group = new UserGroupState
        {
            Id = id,
            Name = body.Name,
            Description = body.Description,
            TeamId = body.TeamId,
            CreatedById = request.Caller.UserId,
            Members = memberIds.Distinct().ToImmutableDictionary(
                member => member, _ => new GroupMembership(IsAdmin: false, request.Now)),
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        store.UserGroups.Update(
            id, known => known is null ? group : throw ApiException.Input($"user group \"{id}\" exists already"),
            (_, created) => events.Created(created, request.Now));
        return new CreateUserGroupResponse { UserGroup = UserGroupViews.Whole(group), Duration = request.Duration };
    }

    private GetUserGroupResponse Get(ApiRequest request)
    {
        var group = Find(request, request.Query("team_id"));
        return new GetUserGroupResponse { UserGroup = UserGroupViews.Whole(group), Duration = request.Duration };
    }

    private UpdateUserGroupResponse Update(ApiRequest request, UpdateUserGroupRequest body)
    {
        CheckTexts(body.Name, body.Description, body.TeamId);
        var group = Change(
            request, null,
            group => group with
            {
                Name = body.Name ?? group.Name,
                Description = body.Description ?? group.Description,
                TeamId = body.TeamId ?? group.TeamId,
            },
            group => events.Updated(group, request.Now));
        return new UpdateUserGroupResponse { UserGroup = UserGroupViews.Whole(group), Duration = request.Duration };
    }

    private Response Delete(ApiRequest request)
    {
        var group = Find(request, request.Query("team_id"));
        store.UserGroups.Remove(group.Id, group => events.Deleted(group, request.Now));
        return new Response { Duration = request.Duration };
    }

    private AddUserGroupMembersResponse AddMembers(ApiRequest request, AddUserGroupMembersRequest body)
    {
        RequireMembers(body.MemberIds);
        var isAdmin = body.AsAdmin == true;
        var added = new List<string>();
        var group = Change(
            request, body.TeamId,
            group =>
            {
                added.AddRange(body.MemberIds.Distinct().Where(id => !group.Members.ContainsKey(id)));
                var members = body.MemberIds.Distinct().Select(id => KeyValuePair.Create(
                    id, new GroupMembership(isAdmin, group.Members.GetValueOrDefault(id)?.CreatedAt ?? request.Now)));
                return group with { Members = group.Members.SetItems(members) };
            },
            group => events.MembersAdded(group, added, request.Now));
        return new AddUserGroupMembersResponse { UserGroup = UserGroupViews.Whole(group), Duration = request.Duration };
    }

    private RemoveUserGroupMembersResponse RemoveMembers(ApiRequest request, RemoveUserGroupMembersRequest body)
    {
        CheckMemberIds(body.MemberIds);
        var removed = new List<string>();
        var group = Change(
            request, body.TeamId,
            group =>
            {
                removed.AddRange(body.MemberIds.Distinct().Where(group.Members.ContainsKey));
                return group with { Members = group.Members.RemoveRange(removed) };
            },
            group => events.MembersRemoved(group, removed, request.Now));
        return new RemoveUserGroupMembersResponse
        {
            UserGroup = UserGroupViews.Whole(group), Duration = request.Duration,
        };
    }

    private UserGroupState Change(
        ApiRequest request, string? teamId, Func<UserGroupState, UserGroupState> change,
        Action<UserGroupState> changed) => store.UserGroups.Update(
        Find(request, teamId).Id,
        group => change(group ?? throw Unknown(request)) with { UpdatedAt = request.Now },
        (_, after) => changed(after))!;

    private UserGroupState Find(ApiRequest request, string? teamId)
    {
        Limits.OptionalLength(teamId, Limits.MaxShortLength, "team_id");
        return store.UserGroups.TryGet(request.Route("id"), out var group)
            && (string.IsNullOrEmpty(teamId) || group.TeamId == teamId)
            ? group
            : throw Unknown(request);
    }

    private void RequireMembers(IReadOnlyList<string> ids)
    {
        CheckMemberIds(ids);
        foreach (var id in ids)
            users.Get(id);
    }

    private static void CheckMemberIds(IReadOnlyList<string> ids)
    {
        if (ids.Count == 0)
            throw ApiException.InvalidField("member_ids", "must not be empty");
        Limits.Count(ids.Count, Limits.MaxPageSize, "member_ids");
    }

    private static void CheckTexts(string? name, string? description, string? teamId)
    {
        if (name is not null)
            Limits.Length(name, Limits.MaxShortLength, "name");
        Limits.OptionalLength(description, MaxDescriptionLength, "description");
        Limits.OptionalLength(teamId, Limits.MaxShortLength, "team_id");
    }

    private static ApiException Unknown(ApiRequest request) =>
        ApiException.DoesNotExist($"user group \"{Shortened.Text(request.Route("id"))}\" does not exist");
}
