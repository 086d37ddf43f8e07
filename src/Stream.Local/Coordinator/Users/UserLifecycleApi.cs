using GetStream.Http;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Deactivates users and brings back those who were deactivated or deleted.</summary>
internal sealed class UserLifecycleApi(
    StateStore store, UserDirectory users, UserViews views, UserEvents events, ConnectionHub hub, TaskLog tasks)
    : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.Map<DeactivateUserRequest, DeactivateUserResponse>(
            ApiOperations.Common.DeactivateUser, OperationAccess.Server, Deactivate);
        operations.Map<DeactivateUsersRequest, DeactivateUsersResponse>(
            ApiOperations.Common.DeactivateUsers, OperationAccess.Server, DeactivateMany);
        operations.Map<ReactivateUserRequest, ReactivateUserResponse>(
            ApiOperations.Common.ReactivateUser, OperationAccess.Server, Reactivate);
        operations.Map<ReactivateUsersRequest, ReactivateUsersResponse>(
            ApiOperations.Common.ReactivateUsers, OperationAccess.Server, ReactivateMany);
        operations.Map<RestoreUsersRequest, Response>(
            ApiOperations.Common.RestoreUsers, OperationAccess.Server, Restore);
    }

    private DeactivateUserResponse Deactivate(ApiRequest request, DeactivateUserRequest body)
    {
        var by = Actor(body.CreatedById);
        var user = Deactivate(request, users.Get(request.Route("user_id")).Id, by);
        return new() { User = views.Response(user), Duration = request.Duration };
    }

    private DeactivateUsersResponse DeactivateMany(ApiRequest request, DeactivateUsersRequest body)
    {
        users.RequireAll(body.UserIds);
        var by = Actor(body.CreatedById);
        foreach (var id in body.UserIds)
            Deactivate(request, id, by);
        return new DeactivateUsersResponse { TaskId = tasks.Add(), Duration = request.Duration };
    }

    private UserState Deactivate(ApiRequest request, string id, UserState? by)
    {
        var user = users.ChangeExisting(id, user => user with { DeactivatedAt = user.DeactivatedAt ?? request.Now });
        events.Publish(id, new UserDeactivatedEvent
        {
            User = views.Common(user),
            CreatedBy = by is null ? null : views.Common(by),
            Custom = [],
            CreatedAt = request.Now,
        });
        hub.DropUser(id, DropReason.UserRemoved);
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
