using System.Text.Json;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>A session as it is now.</summary>
public sealed record RtcSessionInfo
{
    /// <summary><c>joined</c>, <c>reconnecting</c> or <c>leaving</c>.</summary>
    public required string State { get; init; }

    public required IReadOnlyList<Participant> Participants { get; init; }

    /// <summary>As the SFU counts; may exceed <see cref="Participants"/>.</summary>
    public required int ParticipantCount { get; init; }

    public required RtcSubscriptions Subscribe { get; init; }

    public required RtcMuted Muted { get; init; }

    public required IReadOnlyList<string> OwnCapabilities { get; init; }

    public required string ParticipantSessionId { get; init; }

    /// <summary>How often the session came back after an outage.</summary>
    public required int Reconnects { get; init; }
}

/// <summary>What a session has muted of its own.</summary>
public sealed record RtcMuted(bool Audio, bool Video);

/// <summary>A running publication.</summary>
public sealed record RtcPublicationInfo
{
    public required string Name { get; init; }

    public required ulong Source { get; init; }

    public required string TrackType { get; init; }

    public required string Format { get; init; }

    /// <summary>Empty until the media has told.</summary>
    public string? Codec { get; init; }

    public string? TrackId { get; init; }

    public long Packets { get; init; }

    public long Bytes { get; init; }

    public double DurationMs { get; init; }

    /// <summary>Keyframes that the SFU has asked for.</summary>
    public long KeyframeRequests { get; init; }
}

/// <summary>Counters of a session.</summary>
public sealed record RtcStats
{
    public required JoinTiming Timing { get; init; }

    public required int Reconnects { get; init; }

    public RtcSignalingStats Signaling { get; init; } = new(false, 0);

    /// <summary>The publisher peer connection; a JSON object, or null before it exists.</summary>
    public JsonElement? Publisher { get; init; }

    /// <summary>The subscriber peer connection; a JSON object, or null before it exists.</summary>
    public JsonElement? Subscriber { get; init; }

    public required IReadOnlyList<RtcTrackStats> Tracks { get; init; }

    public required IReadOnlyList<RtcSinkStats> Sinks { get; init; }
}

/// <summary>The WebSocket to the SFU.</summary>
/// <param name="RttMs">Of the last health check; 0 before the first, which comes after five seconds.</param>
public sealed record RtcSignalingStats(bool Connected, double RttMs);

/// <summary>Counters of one track of a session.</summary>
public sealed record RtcTrackStats
{
    public required string TrackId { get; init; }

    /// <summary>Such as <c>opus</c>.</summary>
    public string? Codec { get; init; }

    /// <summary><c>send</c> or <c>receive</c>.</summary>
    public required string Direction { get; init; }

    /// <summary>The RTP stream's number; 0 before it is negotiated.</summary>
    public long Ssrc { get; init; }

    public long Packets { get; init; }

    public long Bytes { get; init; }

    public long Lost { get; init; }

    public double JitterMs { get; init; }

    /// <summary>As the SFU reports of what is sent; for what is received, that of <see cref="RtcStats.Signaling"/>.</summary>
    public double RttMs { get; init; }

    /// <summary>Over the last second at least.</summary>
    public double BitrateBps { get; init; }

    /// <summary>Packets sent again because the SFU missed them.</summary>
    public long Resent { get; init; }

    /// <summary>Whole frames of video, while somebody watches.</summary>
    public long Frames { get; init; }

    public long Keyframes { get; init; }

    /// <summary>Keyframes asked for.</summary>
    public long KeyframeRequests { get; init; }

    /// <summary>Pixels; 0 while unknown.</summary>
    public int Width { get; init; }

    public int Height { get; init; }
}

/// <summary>Counters of one sink of a session.</summary>
public sealed record RtcSinkStats
{
    public required ulong Sink { get; init; }

    public required string TrackId { get; init; }

    public long Packets { get; init; }

    public long Bytes { get; init; }

    public long DroppedPackets { get; init; }

    public long DroppedBytes { get; init; }

    /// <summary>Of decoded sound: for how long it waits to be played, the longest of all who are heard.</summary>
    public double DelayMs { get; init; }

    /// <summary>Of decoded sound: how much was made up in place of what did not come in time.</summary>
    public double ConcealedMs { get; init; }

    /// <summary>Of decoded sound: from the SFU to the sink, as far as this end can know; 0 while nothing is heard.</summary>
    public double LatencyMs { get; init; }
}
