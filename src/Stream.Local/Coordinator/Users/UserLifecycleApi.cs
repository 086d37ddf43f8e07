using GetStream.Http;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Deactivates users and brings back those who were deactivated or deleted.</summary>
internal sealed class UserLifecycleApi(
    StateStore store, UserDirectory users, UserViews views, UserEvents events, RemovedUsers removed, TaskLog tasks)
    : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.MapAsync<DeactivateUserRequest, DeactivateUserResponse>(
            ApiOperations.Common.DeactivateUser, OperationAccess.Server, DeactivateAsync);
        operations.MapAsync<DeactivateUsersRequest, DeactivateUsersResponse>(
            ApiOperations.Common.DeactivateUsers, OperationAccess.Server, DeactivateManyAsync);
        operations.Map<ReactivateUserRequest, ReactivateUserResponse>(
            ApiOperations.Common.ReactivateUser, OperationAccess.Server, Reactivate);
        operations.Map<ReactivateUsersRequest, ReactivateUsersResponse>(
            ApiOperations.Common.ReactivateUsers, OperationAccess.Server, ReactivateMany);
        operations.Map<RestoreUsersRequest, Response>(
            ApiOperations.Common.RestoreUsers, OperationAccess.Server, Restore);
    }

    private async Task<DeactivateUserResponse> DeactivateAsync(ApiRequest request, DeactivateUserRequest body)
    {
        var by = Actor(body.CreatedById);
        var user = await DeactivateAsync(request, users.Get(request.Route("user_id")).Id, by);
        return new() { User = views.Response(user), Duration = request.Duration };
    }

    private async Task<DeactivateUsersResponse> DeactivateManyAsync(ApiRequest request, DeactivateUsersRequest body)
    {
        users.RequireAll(body.UserIds);
        var by = Actor(body.CreatedById);
        foreach (var id in body.UserIds)
            await DeactivateAsync(request, id, by);
        return new DeactivateUsersResponse { TaskId = tasks.Add(), Duration = request.Duration };
    }

    private async Task<UserState> DeactivateAsync(ApiRequest request, string id, UserState? by)
    {
        var user = users.ChangeExisting(id, user => user with { DeactivatedAt = user.DeactivatedAt ?? request.Now });
        events.Publish(id, new UserDeactivatedEvent
        {
            User = views.Common(user),
            CreatedBy = by is null ? null : views.Common(by),
            Custom = [],
            CreatedAt = request.Now,
        });
        await removed.SendAwayAsync(id);
        return user;
    }

    private ReactivateUserResponse Reactivate(ApiRequest request, ReactivateUserRequest body)
    {
        var user = Reactivate(request, users.Get(request.Route("user_id")).Id, Actor(body.CreatedById), body.Name);
        return new() { User = views.Response(user), Duration = request.Duration };
    }

    private ReactivateUsersResponse ReactivateMany(ApiRequest request, ReactivateUsersRequest body)
    {
        users.RequireAll(body.UserIds);
        var by = Actor(body.CreatedById);
        foreach (var id in body.UserIds)
            Reactivate(request, id, by);
        return new ReactivateUsersResponse { TaskId = tasks.Add(), Duration = request.Duration };
    }

    private UserState Reactivate(ApiRequest request, string id, UserState? by, string? name = null)
    {
        var user = users.ChangeExisting(id, user => user with { DeactivatedAt = null, Name = name ?? user.Name });
        events.Publish(id, new UserReactivatedEvent
        {
            User = views.Common(user),
            CreatedBy = by is null ? null : views.Common(by),
            Custom = [],
            CreatedAt = request.Now,
        });
        return user;
    }

    private Response Restore(ApiRequest request, RestoreUsersRequest body)
    {
        UserDirectory.CheckIds(body.UserIds);
        if (body.UserIds.FirstOrDefault(id => store.Users.Find(id) is null) is { } unknown)
            throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(unknown)}\" does not exist");
        foreach (var id in body.UserIds)
        {
            store.Users.Update(id, user => user is { DeletedAt: not null }
                ? user with { DeletedAt = null, UpdatedAt = request.Now }
                : user);
        }

        return new Response { Duration = request.Duration };
    }

    private UserState? Actor(string? id) => string.IsNullOrEmpty(id) ? null : users.Get(id);
}
