using System.Text.Json.Nodes;

namespace GetStream.Local.Store;

/// <summary>The record of work that a request started; here it is done before the request is answered.</summary>
internal sealed record TaskState
{
    public required string Id { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What the task made for download; null for tasks that only change things.</summary>
    public JsonObject? Export { get; init; }
}
