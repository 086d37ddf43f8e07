namespace StreamGateway.Native.Rtc;

/// <summary>Which track to listen to, and how. Null means that the native library decides.</summary>
public sealed record RtcListenOptions
{
    /// <summary><c>X:type</c> with X a participant session id or a user id, and type <c>audio</c>, <c>video</c>, <c>screen_share</c> or <c>screen_share_audio</c>.</summary>
    public required string Track { get; init; }

    /// <summary>What the bytes shall be, such as <c>ogg</c>.</summary>
    public required string Format { get; init; }

    /// <summary>How long to wait for the track to be published.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Bytes kept for a slow reader before the oldest pages are dropped.</summary>
    public int? BufferBytes { get; init; }
}
