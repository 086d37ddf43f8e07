using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Deletes users: <c>soft</c> marks them, <c>pruning</c> empties them too, <c>hard</c> forgets them.</summary>
internal sealed class UserDeletionApi(
    StateStore store, UserDirectory users, UserViews views, UserEvents events, CallDirectory calls,
    CallDeletion deletion, RemovedUsers removed, TaskLog tasks) : IOperationFamily
{
    private const string Soft = "soft";
    private const string Pruning = "pruning";
    private const string Hard = "hard";

    public void Map(OperationTable operations) => operations.MapAsync<DeleteUsersRequest, DeleteUsersResponse>(
        ApiOperations.Common.DeleteUsers, OperationAccess.Server, DeleteAsync);

    private async Task<DeleteUsersResponse> DeleteAsync(ApiRequest request, DeleteUsersRequest body)
    {
        users.RequireAll(body.UserIds);
        var mode = Mode(body.User?.Value, "user", Soft, Pruning, Hard) ?? Soft;
        var messages = Mode(body.Messages?.Value, "messages", Soft, Pruning, Hard);
        var conversations = Mode(body.Conversations?.Value, "conversations", Soft, Hard);
        var callMode = Mode(body.Calls?.Value, "calls", Soft, Hard);
        if (mode == Hard && (messages != Hard || conversations != Hard))
            throw ApiException.Input("user: hard needs messages: hard and conversations: hard as well");
        var newOwner = string.IsNullOrEmpty(body.NewCallOwnerId) ? null : users.Get(body.NewCallOwnerId).Id;
        if (newOwner is not null && body.UserIds.Contains(newOwner))
            throw ApiException.InvalidField("new_call_owner_id", "must not be among the deleted users");

        foreach (var id in body.UserIds)
        {
            if (newOwner is not null)
                HandOver(request, id, newOwner);
            if (callMode is not null)
                await DeleteCallsAsync(request, id);
            Delete(request, id, mode, messages ?? "", conversations ?? "");
            await removed.SendAwayAsync(id);
        }

        return new DeleteUsersResponse { TaskId = tasks.Add(), Duration = request.Duration };
    }

    private void Delete(ApiRequest request, string id, string mode, string messages, string conversations)
    {
        var user = users.ChangeExisting(id, user => Deleted(user, mode, request.Now));
        if (mode == Hard)
            Forget(id);
        events.Publish(id, new UserDeletedEvent
        {
            User = views.Common(user),
            DeleteUser = mode,
            DeleteMessages = messages,
            DeleteConversation = conversations,
            HardDelete = mode == Hard,
            MarkMessagesDeleted = messages.Length > 0,
            DeleteConversationChannels = conversations.Length > 0,
            Custom = [],
            CreatedAt = request.Now,
        });
    }

    private static UserState Deleted(UserState user, string mode, DateTimeOffset now) => mode == Soft
        ? user with { DeletedAt = now }
        : new UserState
        {
            Id = user.Id,
            Role = user.Role,
            CreatedAt = user.CreatedAt,
            UpdatedAt = now,
            DeletedAt = now,
        };

    private void Forget(string id)
    {
        foreach (var device in store.Devices.Rows.Where(device => device.UserId == id))
            store.Devices.Remove(StateStore.DeviceKey(id, device.Id));
        foreach (var group in store.UserGroups.Rows.Where(group => group.Members.ContainsKey(id)))
        {
            store.UserGroups.Update(
                group.Id, group => group is null ? null : group with { Members = group.Members.Remove(id) });
        }

        store.Users.Remove(id);
    }

    /// <summary>The calls of two go with either of them; others stay for those who are left.</summary>
    private async Task DeleteCallsAsync(ApiRequest request, string userId)
    {
        var ofTwo = store.Calls.Rows.Where(call => call.Members.Count == 2 && call.Members.ContainsKey(userId));
        foreach (var call in ofTwo)
            await deletion.DeleteAsync(request, call);
    }

    private void HandOver(ApiRequest request, string userId, string newOwner)
    {
        foreach (var call in store.Calls.Rows.Where(call => call.CreatedById == userId))
        {
            calls.TryChange(call.Cid, call => call.CreatedById == userId
                ? call with { CreatedById = newOwner, UpdatedAt = request.Now }
                : call);
        }
    }

    private static string? Mode(string? text, string field, params ReadOnlySpan<string> modes)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        foreach (var mode in modes)
        {
            if (mode == text)
                return mode;
        }

        throw ApiException.InvalidField(field, $"must be one of {string.Join(", ", modes!)}");
    }
}
