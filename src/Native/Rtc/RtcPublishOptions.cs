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

    /// <summary>What the bytes will be: <c>ogg</c>, <c>wav</c>, <c>s16le</c>, <c>s16be</c>, <c>ivf</c> or <c>h264</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Rate of bare samples in Hz, 8,000 to 192,000.</summary>
    public int? Rate { get; init; }

    /// <summary>Channels of bare samples, 1 to 8.</summary>
    public int? Channels { get; init; }

    /// <summary>Of H.264 that does not tell its own.</summary>
    public double? FrameRate { get; init; }

    /// <summary>Of samples, which become Opus: 6,000 to 510,000 bits per second.</summary>
    public int? BitrateBps { get; init; }

    /// <summary>What the encoder is tuned for.</summary>
    public RtcAudioProfile? Profile { get; init; }

    /// <summary>Whether silence is hardly sent.</summary>
    public bool? Dtx { get; init; }

    /// <summary>Of samples: packets of 10 ms instead of 20, for talk in which that counts.</summary>
    public bool? LowDelay { get; init; }

    /// <summary>Bytes taken in advance of their time.</summary>
    public int? BufferBytes { get; init; }

    public RtcPace? Pace { get; init; }

    /// <summary>Start again from the first byte after the last.</summary>
    public bool? Loop { get; init; }

    /// <summary>How long the source may stay empty before its end; zero is for ever.</summary>
    public TimeSpan? StallTimeout { get; init; }
}

/// <summary>What samples are, for their encoder.</summary>
public enum RtcAudioProfile
{
    [JsonStringEnumMemberName("voice")]
    Voice,

    [JsonStringEnumMemberName("music")]
    Music,
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
