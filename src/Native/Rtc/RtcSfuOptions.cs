using System.Text.Json.Serialization;

namespace StreamGateway.Native.Rtc;

/// <summary>How to start a local SFU. Null means that the native library decides.</summary>
public sealed record RtcSfuOptions
{
    /// <summary>Address of signaling (HTTP and WebSocket), such as <c>127.0.0.1:8091</c>; port 0 takes a free one.</summary>
    public string? Listen { get; init; }

    /// <summary>Address of media (UDP); port 0 takes a free one.</summary>
    public string? MediaListen { get; init; }

    /// <summary>The address told to participants, when it differs from the one listened on.</summary>
    public string? PublicAddress { get; init; }

    /// <summary>A UDP relay or port mapping in front of the media port, as <c>ip:port</c>; told to participants instead of it.</summary>
    public string? MediaRelay { get; init; }

    public string? EdgeName { get; init; }

    /// <summary>The secret with which the coordinator signs the tokens it hands to participants.</summary>
    public required string TokenSecret { get; init; }

    [JsonPropertyName("fast_reconnect_deadline_ms")]
    public TimeSpan? FastReconnectDeadline { get; init; }

    /// <summary>Names the address; never the secret.</summary>
    public override string ToString() => $"RtcSfuOptions {{ {Listen} }}";
}
