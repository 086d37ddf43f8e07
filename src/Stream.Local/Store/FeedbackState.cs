using System.Text.Json.Nodes;

namespace GetStream.Local.Store;

/// <summary>How a participant rated a call.</summary>
internal sealed record FeedbackState
{
    public required string Id { get; init; }

    public required string Cid { get; init; }

    /// <summary>The call's session at the time; empty before there was one.</summary>
    public required string SessionId { get; init; }

    public required string UserId { get; init; }

    /// <summary>1 to 5.</summary>
    public required int Rating { get; init; }

    public string Reason { get; init; } = "";

    public required string Sdk { get; init; }

    public required string SdkVersion { get; init; }

    public JsonObject Custom { get; init; } = [];

    public required DateTimeOffset CreatedAt { get; init; }
}
