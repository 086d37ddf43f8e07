namespace StreamGateway.Native.Rtc;

/// <summary>Whom to hear as one, and how. Null means that the native library decides.</summary>
public sealed record RtcMixOptions
{
    /// <summary>Null is everybody.</summary>
    public RtcSelection? Users { get; init; }

    /// <summary>What the bytes shall be: <c>ogg</c>, <c>wav</c>, <c>s16le</c> or <c>s16be</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Rate of samples in Hz, 8,000 to 192,000.</summary>
    public int? Rate { get; init; }

    /// <summary>1 to 8; Ogg has at most 2.</summary>
    public int? Channels { get; init; }

    /// <summary>Of Ogg: 6,000 to 510,000 bits per second.</summary>
    public int? BitrateBps { get; init; }

    /// <summary>Mixes every 10 ms instead of 20, for talk in which that counts.</summary>
    public bool? LowDelay { get; init; }

    /// <summary>Whether <see cref="RtcSink.Speakers"/> tells who speaks.</summary>
    public bool Speakers { get; init; }

    /// <summary>Bytes kept for a slow reader before the oldest go.</summary>
    public int? BufferBytes { get; init; }
}
