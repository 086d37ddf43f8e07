using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Creates, changes and finds users.</summary>
internal sealed class UsersApi(UserDirectory users, UserViews views, UserUpdates updates) : IOperationFamily
{
    private const int MaxUsersPerRequest = 100;

    public void Map(OperationTable operations)
    {
        operations.MapAsync<UpdateUsersRequest, UpdateUsersResponse>(
            ApiOperations.Common.UpdateUsers, OperationAccess.User, ReplaceAsync);
        operations.MapAsync<UpdateUsersPartialRequest, UpdateUsersResponse>(
            ApiOperations.Common.UpdateUsersPartial, OperationAccess.User, PatchAsync);
    }

    private async Task<UpdateUsersResponse> ReplaceAsync(ApiRequest request, UpdateUsersRequest body)
    {
        Limits.Count(body.Users.Count, MaxUsersPerRequest, "users");
        foreach (var (key, user) in body.Users)
        {
            if (key != user.Id)
                throw ApiException.InvalidField($"users.{Shortened.Text(key)}.id", "must be the same as its key");
            RequireSelf(request, user.Id);
            if (!request.Caller.IsServer && (user.Role ?? (object?)user.Teams ?? user.TeamsRole) is not null)
                throw ApiException.NotAllowed("only a server changes role, teams and teams_role");
        }

        return await AnswerAsync(
            request, users.Change([.. body.Users.Values.Select(user => (user.Id, users.Replacement(user)))]));
    }

    private async Task<UpdateUsersResponse> PatchAsync(ApiRequest request, UpdateUsersPartialRequest body)
    {
        Limits.Count(body.Users.Count, MaxUsersPerRequest, "users");
        foreach (var patch in body.Users)
            RequireOwn(request, patch);
        return await AnswerAsync(request, users.Change(
            [.. body.Users.Select(patch => (patch.Id, users.OfExisting(
                patch.Id, user => UserPatch.Apply(user, patch.Set, patch.Unset))))]));
    }

    private static void RequireOwn(ApiRequest request, UpdateUserPartialRequest patch)
    {
        RequireSelf(request, patch.Id);
        var fixedFields = UserPatch.ServerFields.Intersect(
            (patch.Set ?? []).Select(field => field.Key).Concat(patch.Unset ?? []));
        if (!request.Caller.IsServer && fixedFields.FirstOrDefault() is { } field)
            throw ApiException.NotAllowed($"only a server changes {field}");
    }

    private async Task<UpdateUsersResponse> AnswerAsync(ApiRequest request, IReadOnlyList<UserState> changed)
    {
        foreach (var user in changed)
            await updates.PublishAsync(user, request.Aborted);
        return new UpdateUsersResponse
        {
            Users = changed.ToDictionary(user => user.Id, views.Full),
            MembershipDeletionTaskId = "",
            Duration = request.Duration,
        };
    }

    private static void RequireSelf(ApiRequest request, string userId)
    {
        if (!request.Caller.IsServer && request.Caller.UserId != userId)
            throw ApiException.NotAllowed($"User '{request.Caller.UserId}' may only change itself");
    }
}
