using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Deactivates, deletes and brings back users.</summary>
internal sealed class UserLifecycleApi(
    StateStore store, UserDirectory users, UserViews views, ConnectionHub hub) : IOperationFamily
{
    private const int MaxUsersPerRequest = 100;

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
        operations.Map<DeleteUsersRequest, DeleteUsersResponse>(
            ApiOperations.Common.DeleteUsers, OperationAccess.Server, Delete);
        operations.Map<RestoreUsersRequest, Response>(
            ApiOperations.Common.RestoreUsers, OperationAccess.Server, Restore);
    }

    private DeactivateUserResponse Deactivate(ApiRequest request, DeactivateUserRequest body) =>
        new() { User = views.Response(Deactivate(request, request.Route("user_id"))), Duration = request.Duration };

    private DeactivateUsersResponse DeactivateMany(ApiRequest request, DeactivateUsersRequest body)
    {
        RequireAll(body.UserIds);
        foreach (var id in body.UserIds)
            Deactivate(request, id);
        return new DeactivateUsersResponse { TaskId = Guid.NewGuid().ToString(), Duration = request.Duration };
    }

    private UserState Deactivate(ApiRequest request, string id)
    {
        var user = users.ChangeExisting(id, user => user with { DeactivatedAt = user.DeactivatedAt ?? request.Now });
        var deactivated = new UserDeactivatedEvent { User = views.Common(user), Custom = [], CreatedAt = request.Now };
        hub.PublishToUser(id, OutgoingEvent.From(deactivated));
        hub.DropUser(id, DropReason.UserRemoved);
        return user;
    }

    private ReactivateUserResponse Reactivate(ApiRequest request, ReactivateUserRequest body) => new()
    {
        User = views.Response(users.ChangeExisting(
            request.Route("user_id"), user => user with { DeactivatedAt = null, Name = body.Name ?? user.Name })),
        Duration = request.Duration,
    };

    private ReactivateUsersResponse ReactivateMany(ApiRequest request, ReactivateUsersRequest body)
    {
        RequireAll(body.UserIds);
        foreach (var id in body.UserIds)
            users.ChangeExisting(id, user => user with { DeactivatedAt = null });
        return new ReactivateUsersResponse { TaskId = Guid.NewGuid().ToString(), Duration = request.Duration };
    }

    private DeleteUsersResponse Delete(ApiRequest request, DeleteUsersRequest body)
    {
        RequireAll(body.UserIds);
        foreach (var id in body.UserIds)
        {
            var hard = body.User?.Value == "hard";
            if (hard)
                store.Users.Remove(id);
            else
                users.ChangeExisting(id, user => user with { DeletedAt = request.Now });
            hub.DropUser(id, DropReason.UserRemoved);
        }

        return new DeleteUsersResponse { TaskId = Guid.NewGuid().ToString(), Duration = request.Duration };
    }

    private Response Restore(ApiRequest request, RestoreUsersRequest body)
    {
        Limits.Count(body.UserIds.Count, MaxUsersPerRequest, "user_ids");
        foreach (var id in body.UserIds)
        {
            store.Users.Update(id, user => user is null
                ? throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(id)}\" does not exist")
                : user with { DeletedAt = null, UpdatedAt = request.Now });
        }

        return new Response { Duration = request.Duration };
    }

    /// <summary>All or none: a request that names one unknown user changes nobody.</summary>
    private void RequireAll(IReadOnlyList<string> ids)
    {
        if (ids.Count == 0)
            throw ApiException.InvalidField("user_ids", "must not be empty");
        Limits.Count(ids.Count, MaxUsersPerRequest, "user_ids");
        foreach (var id in ids)
            users.Get(id);
    }
}
