namespace StreamGateway.Native.Rtc;

/// <summary>A call without any server: participants that play files into <c>rtc_packet</c> events of 20 ms, 48 kHz, mono, 16 bits.</summary>
/// <remarks>When every file has been played the call ends. Of a session, only its events, info and leaving exist.</remarks>
public sealed record RtcMock
{
    /// <summary>At most 100.</summary>
    public required IReadOnlyList<RtcMockParticipant> Participants { get; init; }
}

/// <summary>Somebody in a mock call.</summary>
public sealed record RtcMockParticipant
{
    public required string UserId { get; init; }

    public string? Name { get; init; }

    /// <summary>Null is silent.</summary>
    public RtcMockAudio? Audio { get; init; }
}

/// <summary>What a participant of a mock plays, once.</summary>
public sealed record RtcMockAudio
{
    /// <summary>A WAVE file, or whatever ffmpeg reads.</summary>
    public required string AudioFilePath { get; init; }

    /// <summary>Whether to play as fast as a speaker speaks, or as fast as the events are taken.</summary>
    public bool? RealtimeClock { get; init; }
}
