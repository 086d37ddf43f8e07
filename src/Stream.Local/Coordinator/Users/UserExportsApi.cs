using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Hands out what is kept of users.</summary>
internal sealed class UserExportsApi(StateStore store, UserDirectory users, UserViews views, TaskLog tasks)
    : IOperationFamily
{
    private const int MaxUsersPerExport = 25;

    public void Map(OperationTable operations)
    {
        operations.Map<ExportUserResponse>(ApiOperations.Common.ExportUser, OperationAccess.Server, Export);
        operations.Map<ExportUsersRequest, ExportUsersResponse>(
            ApiOperations.Common.ExportUsers, OperationAccess.Server, ExportMany);
    }

    private ExportUserResponse Export(ApiRequest request) => new()
    {
        User = views.Response(users.Get(request.Route("user_id"))),
        Messages = [],
        Reactions = [],
        Duration = request.Duration,
    };

    private ExportUsersResponse ExportMany(ApiRequest request, ExportUsersRequest body)
    {
        users.RequireAll(body.UserIds, MaxUsersPerExport);
        var rows = new JsonArray([.. body.UserIds.Distinct().Select(id => Row(users.Get(id)))]);
        return new ExportUsersResponse
        {
            TaskId = tasks.Add(new JsonObject { ["users"] = rows }), Duration = request.Duration,
        };
    }

    /// <summary>The user as answers show it, with its devices and the calls it made or is a member of.</summary>
    private JsonObject Row(UserState user)
    {
        var row = ModelJson.ToTree(views.Response(user));
        row["devices"] = new JsonArray([.. views.Devices(user.Id).Select(ModelJson.ToTree)]);
        row["calls"] = new JsonArray(
        [
            .. store.Calls.Rows
                .Where(call => call.CreatedById == user.Id || call.Members.ContainsKey(user.Id))
                .Select(call => call.Cid)
                .Order(StringComparer.Ordinal)
                .Select(cid => JsonValue.Create(cid)),
        ]);
        return row;
    }
}
