namespace StreamGateway.Native.Rtc;

/// <summary>Which track to listen to, and how. Null means that the native library decides.</summary>
public sealed record RtcListenOptions
{
    /// <summary><c>X:type</c> with X a participant session id or a user id, and type <c>audio</c>, <c>video</c>, <c>screen_share</c> or <c>screen_share_audio</c>.</summary>
    public required string Track { get; init; }

    /// <summary>
    /// What the bytes shall be: <c>ogg</c>, <c>wav</c>, <c>s16le</c>, <c>s16be</c>, <c>ivf</c> or <c>h264</c>; null is what
    /// carries the track's codec as it is.
    /// </summary>
    public string? Format { get; init; }

    /// <summary>Rate of samples in Hz, 8,000 to 192,000.</summary>
    public int? Rate { get; init; }

    /// <summary>Channels of samples, 1 to 8.</summary>
    public int? Channels { get; init; }

    /// <summary>How long to wait for the track to be published.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Bytes kept for a slow reader before the oldest pages are dropped.</summary>
    public int? BufferBytes { get; init; }
}
