namespace StreamGateway.Native.Rtc;

/// <summary>A recording as it is now. Times in milliseconds count from <see cref="StartedAt"/>.</summary>
public sealed record RtcRecording
{
    /// <summary>Begins with the time, and sorts by it.</summary>
    public required string Id { get; init; }

    /// <summary><c>recording</c>, <c>stopped</c>, <c>failed</c>, or <c>interrupted</c>: its process is gone.</summary>
    public required string State { get; init; }

    /// <summary>Why it is over: <c>stopped</c>, <c>max_bytes</c>, <c>max_duration</c>, <c>max_files</c>, <c>session_ended</c>, <c>failed</c> or <c>interrupted</c>.</summary>
    public string? Reason { get; init; }

    public RtcRecordingProblem? Error { get; init; }

    public required string CallCid { get; init; }

    /// <summary>Who recorded.</summary>
    public required string UserId { get; init; }

    /// <summary>For whom it was made; null when nobody was named.</summary>
    public string? Owner { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required string Folder { get; init; }

    /// <summary>Of the folder that holds the files.</summary>
    public required string Path { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public long DurationMs { get; init; }

    /// <summary>Of all files.</summary>
    public long Bytes { get; init; }

    /// <summary>What the disk was too slow for, or refused.</summary>
    public long DroppedPackets { get; init; }

    public long DroppedBytes { get; init; }

    public required IReadOnlyList<RtcRecordedFile> Files { get; init; }

    public required IReadOnlyList<RtcRecordedParticipant> Participants { get; init; }

    public required IReadOnlyList<RtcSpeakingInterval> Speaking { get; init; }

    /// <summary>Intervals beyond those in <see cref="Speaking"/>.</summary>
    public long SpeakingOmitted { get; init; }
}

/// <summary>A failure, by the names of <c>commands.md</c>.</summary>
public sealed record RtcRecordingProblem(string Kind, string Message);

/// <summary>A file of a recording: one track of one connection of a participant in one codec, or the mix.</summary>
public sealed record RtcRecordedFile
{
    public required string Name { get; init; }

    /// <summary><c>track</c> or <c>mix</c>.</summary>
    public required string Kind { get; init; }

    public string? UserId { get; init; }

    public string? ParticipantSessionId { get; init; }

    public string? TrackType { get; init; }

    public required string Codec { get; init; }

    /// <summary><c>ogg</c> or <c>ivf</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Where its beginning belongs in the recording.</summary>
    public long StartMs { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public long DurationMs { get; init; }

    /// <summary>Packets of sound or frames of video in the file.</summary>
    public long Packets { get; init; }

    /// <summary>RTP packets that never came.</summary>
    public long Lost { get; init; }

    public long Bytes { get; init; }

    public long DroppedPackets { get; init; }

    public bool Ended { get; init; }
}

/// <summary>A connection of a user to the call while it was recorded.</summary>
public sealed record RtcRecordedParticipant
{
    public required string UserId { get; init; }

    public required string ParticipantSessionId { get; init; }

    public string? Name { get; init; }

    public long JoinedMs { get; init; }

    /// <summary>Null for who was there until the end.</summary>
    public long? LeftMs { get; init; }
}

/// <summary>A time in which somebody spoke.</summary>
public sealed record RtcSpeakingInterval(string UserId, string ParticipantSessionId, long StartMs, long EndMs);

/// <summary>Which recordings to list, the latest first.</summary>
public sealed record RtcRecordingQuery
{
    public string? Folder { get; init; }

    /// <summary>Those of all folders.</summary>
    public bool All { get; init; }

    /// <summary>Those of one owner alone; null is everybody's.</summary>
    public string? Owner { get; init; }

    /// <summary>An id: the nearest older ones.</summary>
    public string? Before { get; init; }

    /// <summary>An id: the nearest newer ones.</summary>
    public string? After { get; init; }

    public int? Limit { get; init; }
}

/// <summary>Some recordings, and whether there are more in the direction asked for.</summary>
public sealed record RtcRecordingPage(IReadOnlyList<RtcRecording> Recordings, bool More);
