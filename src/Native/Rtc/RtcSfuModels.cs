using System.Text.Json.Serialization;

namespace StreamGateway.Native.Rtc;

/// <summary>Why a call ends for its participants.</summary>
public enum RtcCallEndReason
{
    [JsonStringEnumMemberName("ended")]
    Ended,
    [JsonStringEnumMemberName("kicked")]
    Kicked,
    [JsonStringEnumMemberName("session_ended")]
    SessionEnded,
    [JsonStringEnumMemberName("live_ended")]
    LiveEnded,
}

/// <summary>What a participant may publish.</summary>
public sealed record RtcGrants
{
    public required bool CanPublishAudio { get; init; }

    public required bool CanPublishVideo { get; init; }

    public required bool CanScreenshare { get; init; }
}

/// <summary>A pinned participant.</summary>
/// <param name="UserId">The user.</param>
/// <param name="SessionId">Its participant session id.</param>
public sealed record RtcPin(string UserId, string SessionId);

/// <summary>What a local SFU holds now.</summary>
public sealed record RtcSfuStats
{
    public required IReadOnlyList<RtcSfuCallStats> Calls { get; init; }
}

/// <summary>One call of a local SFU.</summary>
public sealed record RtcSfuCallStats
{
    public required string CallCid { get; init; }

    public int Participants { get; init; }

    public int Anonymous { get; init; }

    public int PublishedTracks { get; init; }

    public int ForwardedTracks { get; init; }
}
