using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamGateway.Native.Rtc;

/// <summary>How to join a call. Null means that the native library decides.</summary>
public sealed record RtcJoinOptions
{
    /// <summary>Base address of Stream's API, such as <c>https://video.stream-io-api.com</c>; <c>/api/v2/video/…</c> is appended.</summary>
    public required string CoordinatorUrl { get; init; }

    public required string ApiKey { get; init; }

    /// <summary>A user token for <see cref="User"/>.</summary>
    public required string Token { get; init; }

    public required string CallType { get; init; }

    public required string CallId { get; init; }

    public required RtcUser User { get; init; }

    /// <summary>False: a call that does not exist is <see cref="RtcError.CallNotFound"/>.</summary>
    public bool? Create { get; init; }

    /// <summary>Stream's <c>CallRequest</c>, used when the call is created.</summary>
    public JsonElement? Data { get; init; }

    public bool? Ring { get; init; }

    public bool? Notify { get; init; }

    public RtcSubscriptions? Subscribe { get; init; }

    public RtcReconnect? Reconnect { get; init; }

    /// <summary>Leave by itself after being the only participant for so long.</summary>
    [JsonPropertyName("leave_when_alone_ms")]
    public TimeSpan? LeaveWhenAlone { get; init; }

    /// <summary>Leave by itself so long after the join.</summary>
    [JsonPropertyName("max_duration_ms")]
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>How long the whole join may take.</summary>
    [JsonPropertyName("timeout_ms")]
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether the audio of others comes as <c>rtc_packet</c> events too.</summary>
    public bool? Packets { get; init; }

    /// <summary>Play files instead of joining: then the coordinator's address, key and token may be empty.</summary>
    public RtcMock? Mock { get; init; }

    /// <summary>Names the call and the user; never the token or the key.</summary>
    public override string ToString() => $"RtcJoinOptions {{ {CallType}:{CallId} as {User?.Id} }}";
}

/// <summary>Who joins. The id must be the token's.</summary>
public sealed record RtcUser
{
    public required string Id { get; init; }

    public string? Name { get; init; }

    public string? Image { get; init; }

    /// <summary>A JSON object.</summary>
    public JsonElement? Custom { get; init; }
}

/// <summary>Which tracks of others a session receives.</summary>
public sealed record RtcSubscriptions
{
    public RtcSelection? Audio { get; init; }

    public RtcSelection? Video { get; init; }

    /// <summary>Pixels; the SFU sends the largest layer not above it.</summary>
    public int? MaxVideoHeight { get; init; }
}

/// <summary>Whether and how long a session tries to come back after an outage.</summary>
public sealed record RtcReconnect
{
    public bool? Enabled { get; init; }

    /// <summary>Length of an outage after which the session gives up.</summary>
    [JsonPropertyName("deadline_ms")]
    public TimeSpan? Deadline { get; init; }
}
