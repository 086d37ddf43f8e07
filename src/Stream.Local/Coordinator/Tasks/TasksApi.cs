using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Tasks;

/// <summary>How far the work of earlier requests is, and the files it made.</summary>
internal sealed class TasksApi(StateStore store) : IOperationFamily
{
    private const string ExportsPath = "/exports";

    public void Map(OperationTable operations) =>
        operations.Map<GetTaskResponse>(ApiOperations.Common.GetTask, OperationAccess.Server, Get);

    /// <summary>Serves the exports. Whoever knows a task's id, which cannot be guessed, may have its file.</summary>
    public void AddTo(IEndpointRouteBuilder routes) => routes.MapGet($"{ExportsPath}/{{id}}", async http =>
    {
        var id = (string)http.Request.RouteValues["id"]!;
        if (!store.Tasks.TryGet(id, out var task) || task.Export is not { } export)
            throw ApiException.DoesNotExist($"there is no export \"{Shortened.Text(id)}\"");
        http.Response.ContentType = "application/json;charset=utf-8";
        await http.Response.WriteAsync(export.ToJsonString(), http.RequestAborted);
    });

    private GetTaskResponse Get(ApiRequest request)
    {
        var id = request.Route("id");
        if (!store.Tasks.TryGet(id, out var task))
            throw ApiException.DoesNotExist($"there is no task \"{Shortened.Text(id)}\"");
        return new GetTaskResponse
        {
            TaskId = task.Id,
            Status = "completed",
            Result = task.Export is null
                ? []
                : new JsonObject { ["url"] = $"{request.BaseUrl}{ExportsPath}/{task.Id}" },
            CreatedAt = task.CreatedAt,
            UpdatedAt = task.CreatedAt,
            Duration = request.Duration,
        };
    }
}
