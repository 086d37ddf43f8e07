using System.Text;
using System.Text.Json;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Finds users.</summary>
internal sealed class UserQueriesApi(StateStore store, UserViews views, ConnectionHub hub) : IOperationFamily
{
    private const int MaxOffset = 1_000;
    private const int MaxSortFields = 5;

    private static readonly QuerySchema<UserState> s_users = new(
        user => user.Id,
        user => user.Custom,
        new("id", FieldKind.Text, user => user.Id),
        new("name", FieldKind.Text, user => user.Name),
        new("role", FieldKind.Text, user => user.Role),
        new("banned", FieldKind.Flag, user => user.Banned),
        new("teams", FieldKind.TextList, user => user.Teams.ToHashSet(StringComparer.Ordinal)),
        new("created_at", FieldKind.Time, user => user.CreatedAt),
        new("updated_at", FieldKind.Time, user => user.UpdatedAt),
        new("last_active", FieldKind.Time, user => user.LastActive))
    {
        UnknownIsCustom = true,
    };

    public void Map(OperationTable operations) =>
        operations.Map<QueryUsersResponse>(ApiOperations.Common.QueryUsers, OperationAccess.User, Query);

    private QueryUsersResponse Query(ApiRequest request)
    {
        RequireSearch(request);
        var payload = Payload(request);
        var limit = Limits.Range(payload.Limit ?? Limits.DefaultPageSize, 0, Limits.MaxPageSize, "limit");
        var offset = Limits.Range(payload.Offset ?? 0, 0, MaxOffset, "offset");
        var matches = Filter.Parse(payload.FilterConditions, s_users);
        var order = new RowOrder<UserState>(payload.Sort, s_users, "created_at", -1, MaxSortFields);
        var found = store.Users.Rows
            .Where(user => user.DeletedAt is null)
            .Where(user => user.DeactivatedAt is null || payload.IncludeDeactivatedUsers == true)
            .Where(matches)
            .Select(user => (User: user, Key: order.Key(user)))
            .ToList();
        found.Sort((left, right) => order.Compare(left.Key, right.Key));
        var page = found.Skip(offset).Take(limit).Select(entry => entry.User).ToList();
        if (payload.Presence == true && request.ConnectionId is { } connectionId)
            hub.WatchUsers(connectionId, request.Caller.UserId, [.. page.Select(user => user.Id)]);
        return new QueryUsersResponse
        {
            Users = [.. page.Select(views.Full)],
            Duration = request.Duration,
        };
    }

    private void RequireSearch(ApiRequest request)
    {
        if (!request.Caller.IsServer
            && store.Users.Find(request.Caller.UserId!)?.Role is { } role
            && store.App.UserSearchDisallowedRoles.Contains(role))
            throw ApiException.NotAllowed($"the application does not let users of role {role} query users");
    }

    private static QueryUsersPayload Payload(ApiRequest request)
    {
        try
        {
            var payload = request.Query("payload") ?? """{"filter_conditions":{}}""";
            return ModelJson.Read<QueryUsersPayload>(Encoding.UTF8.GetBytes(payload));
        }
        catch (JsonException json)
        {
            throw ApiException.InvalidField("payload", $"is not what the operation takes: {json.Message}");
        }
    }
}
