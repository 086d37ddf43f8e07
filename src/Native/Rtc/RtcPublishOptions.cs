using System.Text.Json.Serialization;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>How to publish a track. Null means that the native library decides.</summary>
public sealed record RtcPublishOptions
{
    /// <summary>Unique among the running publications of the session.</summary>
    public required string Name { get; init; }

    /// <summary>A track type carries one publication at a time.</summary>
    public required TrackType TrackType { get; init; }

    /// <summary>What the bytes will be, such as <c>ogg</c>.</summary>
    public required string Format { get; init; }

    public RtcPace? Pace { get; init; }

    /// <summary>Start again from the first byte after the last.</summary>
    public bool? Loop { get; init; }

    /// <summary>How long the source may stay empty before its end.</summary>
    public TimeSpan? StallTimeout { get; init; }
}

/// <summary>How fast a publication plays.</summary>
public enum RtcPace
{
    /// <summary>By media time.</summary>
    [JsonStringEnumMemberName("realtime")]
    Realtime,

    /// <summary>As fast as the bytes come.</summary>
    [JsonStringEnumMemberName("asap")]
    Asap,
}
