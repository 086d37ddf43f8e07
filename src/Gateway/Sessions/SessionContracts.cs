using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Sessions;

/// <summary>A headless participant in a call.</summary>
/// <param name="ParticipantSessionId">The participant's connection at the media server; new after a rejoin.</param>
/// <param name="Node">The process that holds the session.</param>
/// <param name="EndReason">Why it ended: <c>left</c>, <c>call_ended</c>, <c>kicked</c>, <c>alone</c>, <c>max_duration</c>, <c>reconnect_failed</c>, <c>shutdown</c>, <c>cancelled</c> or <c>failed</c>.</param>
/// <param name="Error">What went wrong, on a session that failed.</param>
/// <param name="Reconnects">How often it came back after an outage.</param>
/// <param name="LastEventId">Resume the session's events after this one with <c>Last-Event-ID</c>.</param>
internal sealed record SessionResponse(
    string Id,
    string CallCid,
    string CallType,
    string CallId,
    string UserId,
    string? ParticipantSessionId,
    SessionState State,
    string Node,
    DateTimeOffset CreatedAt,
    DateTimeOffset? JoinedAt,
    DateTimeOffset? EndedAt,
    string? EndReason,
    SessionError? Error,
    int Reconnects,
    int ParticipantCount,
    IReadOnlyList<string> OwnCapabilities,
    SubscribeRequest Subscribe,
    MutedResponse Muted,
    IReadOnlyDictionary<string, string> Metadata,
    string LastEventId);

/// <summary>Why a session failed.</summary>
/// <param name="Code">A code of the published list at <c>/errors</c>.</param>
/// <param name="Stage">Where: <c>coordinator</c>, <c>signaling</c>, <c>ice</c>, <c>dtls</c> or <c>media</c>.</param>
internal sealed record SessionError(string Code, string Message, string? Stage);

internal sealed record MutedResponse(bool Audio, bool Video);

/// <summary>One page of a list.</summary>
/// <param name="Next">Give it as <c>next</c> for the following page; missing on the last.</param>
/// <param name="Prev">Give it as <c>prev</c> for the page before; missing on the first.</param>
internal sealed record SessionPage(IReadOnlyList<SessionResponse> Sessions, string? Next, string? Prev);

/// <summary>Who is in the call of a session, the session's own participant included.</summary>
internal sealed record ParticipantsResponse(IReadOnlyList<ParticipantResponse> Participants);

/// <param name="AudioLevel">0 silence … 1 loudest.</param>
/// <param name="ConnectionQuality"><c>poor</c>, <c>good</c> or <c>excellent</c>; missing while unknown.</param>
/// <param name="IsLocal">Whether it is the session's own participant.</param>
internal sealed record ParticipantResponse(
    string UserId,
    string ParticipantSessionId,
    string Name,
    string Image,
    IReadOnlyList<string> Roles,
    JsonElement? Custom,
    bool IsLocal,
    bool IsSpeaking,
    bool IsDominantSpeaker,
    float AudioLevel,
    string? ConnectionQuality,
    DateTimeOffset? JoinedAt,
    IReadOnlyList<TrackResponse> Tracks);

/// <summary>An audio or video source of a participant.</summary>
/// <param name="TrackId"><c>{participant_session_id}:{track_type}</c>.</param>
/// <param name="TrackType"><c>audio</c>, <c>video</c>, <c>screen_share</c> or <c>screen_share_audio</c>.</param>
/// <param name="Codec">Such as <c>opus</c>; that of video is missing until its media is received.</param>
internal sealed record TrackResponse(
    string TrackId, string UserId, string ParticipantSessionId, string TrackType, string? Codec, bool Muted);

internal sealed record TracksResponse(IReadOnlyList<TrackResponse> Tracks);

/// <summary>Changes of a running session; what is left out stays.</summary>
internal sealed record UpdateSessionRequest
{
    public SubscribeRequest? Subscribe { get; init; }

    public MuteRequest? Muted { get; init; }

    /// <summary>Replaces the whole map.</summary>
    [Metadata]
    public Dictionary<string, string>? Metadata { get; init; }
}

/// <summary>Mutes or unmutes what the session publishes; what is left out stays.</summary>
internal sealed record MuteRequest
{
    public bool? Audio { get; init; }

    public bool? Video { get; init; }
}

internal sealed record CustomEventRequest : IValidatableObject
{
    /// <summary>An object of your own, at most 5,000 bytes; everyone in the call gets it.</summary>
    [Required(ErrorMessage = "is missing")]
    public JsonElement? Custom { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context) => CustomData.Check(Custom, "custom");
}

internal sealed record ReactionRequest : IValidatableObject
{
    /// <summary>Such as <c>raised-hand</c>.</summary>
    [Required(ErrorMessage = "is missing")]
    [StringLength(64, MinimumLength = 1, ErrorMessage = "must have 1 to 64 characters")]
    public string? Type { get; init; }

    /// <summary>Such as <c>:like:</c>.</summary>
    [StringLength(64, ErrorMessage = "must have at most 64 characters")]
    public string? EmojiCode { get; init; }

    /// <summary>An object of your own, at most 5,000 bytes.</summary>
    public JsonElement? Custom { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context) => CustomData.Check(Custom, "custom");
}

/// <summary>Counters of a session: of its peer connections, tracks and listeners.</summary>
/// <param name="JoinTiming">Milliseconds each phase of the join took; 0 for one that has not happened.</param>
/// <param name="Signaling">The WebSocket to the media server.</param>
/// <param name="Publisher">The peer connection the session sends on; missing before it exists.</param>
/// <param name="Subscriber">The peer connection the session receives on; missing before it exists.</param>
internal sealed record StatsResponse(
    JoinTimingResponse JoinTiming,
    int Reconnects,
    RtcSignalingStats Signaling,
    JsonElement? Publisher,
    JsonElement? Subscriber,
    IReadOnlyList<RtcTrackStats> Tracks,
    IReadOnlyList<RtcSinkStats> Sinks,
    long EventsDropped);

internal sealed record JoinTimingResponse(
    double CoordinatorMs, double SignalingMs, double IceMs, double DtlsMs, double FirstPacketMs, double TotalMs);
