using System.ComponentModel.DataAnnotations;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Recordings;

/// <summary>What to record; by default every track of everybody, each into a file of its own.</summary>
internal sealed record StartRecordingRequest : IValidatableObject
{
    /// <summary><c>all</c> or an array of user ids.</summary>
    public RtcSelection? Users { get; init; }

    /// <summary>Some of <c>audio</c>, <c>video</c>, <c>screen_share</c> and <c>screen_share_audio</c>; an empty array with <c>mix</c> records the mix alone.</summary>
    public string[]? TrackTypes { get; init; }

    /// <summary>Whether all sound is recorded as one as well.</summary>
    public bool? Mix { get; init; }

    /// <summary>Of the mix.</summary>
    [Range(6_000, 510_000, ErrorMessage = "must be between 6,000 and 510,000")]
    public int? BitrateBps { get; init; }

    /// <summary>End before the files hold more; at most what the service allows, which is the default.</summary>
    [Range(65_536L, 1L << 50, ErrorMessage = "must be at least 65,536")]
    public long? MaxBytes { get; init; }

    /// <summary>End after so long; at most what the service allows, which is the default.</summary>
    [Range(1_000L, 2_678_400_000L, ErrorMessage = "must be between 1,000 and 2,678,400,000")]
    public long? MaxDurationMs { get; init; }

    /// <summary>Yours: kept with the recording and given back; at most 50 entries of 64 and 512 characters.</summary>
    [Metadata]
    public Dictionary<string, string>? Metadata { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context)
    {
        if (TrackTypes?.Any(type => ProtoNames.ParseTrackType(type) is null) == true)
        {
            yield return new ValidationResult("may hold audio, video, screen_share and screen_share_audio", ["track_types"]);
        }

        if (TrackTypes is [] && Mix is not true)
        {
            yield return new ValidationResult("is empty, and without `mix` nothing would be recorded", ["track_types"]);
        }

        if (Users is { Name: "none" })
        {
            yield return new ValidationResult("must be \"all\" or an array of user ids", ["users"]);
        }
    }

    internal RtcRecordOptions ToNative(string folder, string? owner, RecordingsOptions limits) => new()
    {
        Folder = folder,
        Owner = owner,
        Users = Users,
        TrackTypes = TrackTypes?.Select(type => ProtoNames.ParseTrackType(type)!.Value).ToList(),
        Mix = Mix,
        BitrateBps = BitrateBps,
        Labels = Metadata,
        MaxBytes = Math.Min(MaxBytes ?? limits.MaxBytes, limits.MaxBytes),
        MaxDuration = MaxDurationMs is { } asked && asked < limits.MaxDuration.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(asked)
            : limits.MaxDuration,
        BufferBytes = limits.BufferBytes,
    };
}

/// <summary>A recording. Times in milliseconds count from <c>started_at</c>.</summary>
/// <param name="State"><c>recording</c>, <c>stopped</c>, <c>failed</c>, or <c>interrupted</c> when the process that made it is gone.</param>
/// <param name="Reason">Why it is over: <c>stopped</c>, <c>max_bytes</c>, <c>max_duration</c>, <c>max_files</c>, <c>session_ended</c>, <c>failed</c> or <c>interrupted</c>.</param>
/// <param name="UserId">The participant that recorded.</param>
/// <param name="Bytes">Of all files.</param>
/// <param name="DroppedPackets">What the disk was too slow for, or refused.</param>
/// <param name="Participants">Who was there; left out in lists.</param>
/// <param name="Speaking">Who spoke when; left out in lists.</param>
/// <param name="SpeakingOmitted">Intervals beyond those in <c>speaking</c>.</param>
internal sealed record RecordingResponse(
    string Id,
    string SessionId,
    string State,
    string? Reason,
    RecordingError? Error,
    string CallCid,
    string UserId,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    long DurationMs,
    long Bytes,
    long DroppedPackets,
    long DroppedBytes,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<RecordedFileResponse> Files,
    IReadOnlyList<RtcRecordedParticipant>? Participants,
    IReadOnlyList<RtcSpeakingInterval>? Speaking,
    long SpeakingOmitted)
{
    public static RecordingResponse From(RtcRecording recording, bool whole) => new(
        recording.Id,
        recording.Folder,
        recording.State,
        recording.Reason,
        recording.Error is { } error ? new RecordingError(error.Kind, error.Message) : null,
        recording.CallCid,
        recording.UserId,
        recording.StartedAt,
        recording.EndedAt,
        recording.DurationMs,
        recording.Bytes,
        recording.DroppedPackets,
        recording.DroppedBytes,
        recording.Labels,
        recording.Files.Select(file => RecordedFileResponse.From(recording, file)).ToList(),
        whole ? recording.Participants : null,
        whole ? recording.Speaking : null,
        recording.SpeakingOmitted);
}

/// <summary>Why a recording failed.</summary>
/// <param name="Code">A code of the published list at <c>/errors</c>.</param>
internal sealed record RecordingError(string Code, string Message);

/// <summary>A file: one track of one connection of a participant in one codec, or the mix.</summary>
/// <param name="Url">Where it can be had, while it grows too.</param>
/// <param name="Kind"><c>track</c> or <c>mix</c>.</param>
/// <param name="Format"><c>ogg</c> or <c>ivf</c>.</param>
/// <param name="StartMs">Where its beginning belongs in the recording.</param>
/// <param name="Packets">Packets of sound or frames of video in the file.</param>
/// <param name="Lost">RTP packets that never came.</param>
/// <param name="DroppedPackets">What the disk was too slow for, or refused.</param>
/// <param name="Ended">Whether nothing more comes.</param>
internal sealed record RecordedFileResponse(
    string Name,
    string Url,
    string ContentType,
    string Kind,
    string? UserId,
    string? ParticipantSessionId,
    string? TrackType,
    string Codec,
    string Format,
    long StartMs,
    DateTimeOffset StartedAt,
    long DurationMs,
    long Packets,
    long Lost,
    long Bytes,
    long DroppedPackets,
    bool Ended)
{
    public static RecordedFileResponse From(RtcRecording recording, RtcRecordedFile file) => new(
        file.Name,
        $"/v1/sessions/{recording.Folder}/recordings/{recording.Id}/files/{file.Name}",
        RecordingFiles.ContentTypeOf(file.Name),
        file.Kind,
        file.UserId,
        file.ParticipantSessionId,
        file.TrackType,
        file.Codec,
        file.Format,
        file.StartMs,
        file.StartedAt,
        file.DurationMs,
        file.Packets,
        file.Lost,
        file.Bytes,
        file.DroppedPackets,
        file.Ended);
}

/// <summary>One page of a list.</summary>
/// <param name="Next">Give it as <c>next</c> for the following page; missing on the last.</param>
/// <param name="Prev">Give it as <c>prev</c> for the page before; missing on the first.</param>
internal sealed record RecordingPage(IReadOnlyList<RecordingResponse> Recordings, string? Next, string? Prev);
