using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>What to record, and how much of it. Null means that the native library decides.</summary>
public sealed record RtcRecordOptions
{
    /// <summary>A path within <see cref="RtcEngineOptions.RecordingsDirectory"/> in which the recording gets a folder of its own.</summary>
    public string? Folder { get; init; }

    /// <summary>For whom it is made, in the caller's own words, at most 255 bytes: kept with the recording, and lists can be of one owner.</summary>
    public string? Owner { get; init; }

    /// <summary>Null is everybody.</summary>
    public RtcSelection? Users { get; init; }

    /// <summary>Null is all; none is possible with a mix.</summary>
    public IReadOnlyList<TrackType>? TrackTypes { get; init; }

    /// <summary>Whether all sound is recorded as one as well.</summary>
    public bool? Mix { get; init; }

    /// <summary>Of the mix: 6,000 to 510,000 bits per second.</summary>
    public int? BitrateBps { get; init; }

    /// <summary>The caller's own; they are kept with the recording.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The recording ends before its files hold more.</summary>
    public long? MaxBytes { get; init; }

    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Bytes that may wait for a slow disk before more are dropped.</summary>
    public long? BufferBytes { get; init; }
}
