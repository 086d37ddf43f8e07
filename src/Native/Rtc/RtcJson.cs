using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>The JSON of native-build/commands.md: snake case, null means absent, times in whole milliseconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(MillisecondsConverter), typeof(ParticipantConverter), typeof(JoinTimingConverter)])]
[JsonSerializable(typeof(EngineData))]
[JsonSerializable(typeof(RtcJoinOptions))]
[JsonSerializable(typeof(JoinAnswer))]
[JsonSerializable(typeof(LeaveRequest))]
[JsonSerializable(typeof(SessionRequest))]
[JsonSerializable(typeof(RtcSessionInfo))]
[JsonSerializable(typeof(RtcStats))]
[JsonSerializable(typeof(SubscribeRequest))]
[JsonSerializable(typeof(SubscribeAnswer))]
[JsonSerializable(typeof(MuteRequest))]
[JsonSerializable(typeof(MuteAnswer))]
[JsonSerializable(typeof(CustomEventRequest))]
[JsonSerializable(typeof(ReactionRequest))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(PublishRequest))]
[JsonSerializable(typeof(PublishAnswer))]
[JsonSerializable(typeof(SourceRequest))]
[JsonSerializable(typeof(PublicationsAnswer))]
[JsonSerializable(typeof(ListenRequest))]
[JsonSerializable(typeof(ListenAnswer))]
[JsonSerializable(typeof(MixRequest))]
[JsonSerializable(typeof(FlushAnswer))]
[JsonSerializable(typeof(MarkRequest))]
[JsonSerializable(typeof(SinkRequest))]
[JsonSerializable(typeof(RecordRequest))]
[JsonSerializable(typeof(RecordingRequest))]
[JsonSerializable(typeof(RecordingAnswer))]
[JsonSerializable(typeof(RecordingsRequest))]
[JsonSerializable(typeof(RemoveRecordingRequest))]
[JsonSerializable(typeof(RtcRecordingPage))]
[JsonSerializable(typeof(RtcTables))]
[JsonSerializable(typeof(RtcSfuOptions))]
[JsonSerializable(typeof(SfuAnswer))]
[JsonSerializable(typeof(SfuRequest))]
[JsonSerializable(typeof(SfuStopRequest))]
[JsonSerializable(typeof(SfuCallEndRequest))]
[JsonSerializable(typeof(SfuGoAwayRequest))]
[JsonSerializable(typeof(SfuKickRequest))]
[JsonSerializable(typeof(SfuMuteRequest))]
[JsonSerializable(typeof(SfuGrantsRequest))]
[JsonSerializable(typeof(SfuUpdateRequest))]
[JsonSerializable(typeof(SfuPinsRequest))]
[JsonSerializable(typeof(SfuParticipantsAnswer))]
[JsonSerializable(typeof(SfuTracksAnswer))]
[JsonSerializable(typeof(RtcSfuStats))]
[JsonSerializable(typeof(NoArguments))]
[JsonSerializable(typeof(ErrorDetails))]
internal sealed partial class RtcJson : JsonSerializerContext;

/// <summary>What the library itself reads of its configuration's data.</summary>
internal sealed record EngineData(long? CallTimeoutMs, int? EventBufferBytes, RecordingsData? Recordings);

internal sealed record RecordingsData(string Directory, int? MaxPerSession);

internal sealed record NoArguments;

internal sealed record ErrorDetails(string? Kind, string? Stage, RtcStreamError? Stream, RtcSfuError? Sfu);

internal sealed record JoinAnswer
{
    public required ulong Session { get; init; }

    public required string CallCid { get; init; }

    public required string UserId { get; init; }

    public required string ParticipantSessionId { get; init; }

    public IReadOnlyList<string>? OwnCapabilities { get; init; }

    public bool Created { get; init; }

    public string? Sfu { get; init; }

    public IReadOnlyList<Participant>? Participants { get; init; }

    public JoinTiming? Timing { get; init; }
}

internal sealed record LeaveRequest(ulong Session, string? Reason);

internal sealed record SessionRequest(ulong Session);

internal sealed record SubscribeRequest(ulong Session, RtcSubscriptions Subscribe);

internal sealed record SubscribeAnswer(RtcSubscriptions Subscribe);

internal sealed record MuteRequest(ulong Session, bool? Audio, bool? Video);

internal sealed record MuteAnswer(RtcMuted Muted);

internal sealed record CustomEventRequest(ulong Session, JsonElement Custom);

internal sealed record ReactionRequest(ulong Session, string Type, string? EmojiCode, JsonElement? Custom);

internal sealed record TokenRequest(ulong Session, string Token);

internal sealed record PublishRequest(
    ulong Session, string Name, string TrackType, string Format, int? Rate, int? Channels, double? FrameRate,
    int? BitrateBps, RtcAudioProfile? Profile, bool? Dtx, bool? LowDelay, RtcPace? Pace, bool? Loop,
    [property: JsonPropertyName("stall_timeout_ms")] TimeSpan? StallTimeout, int? BufferBytes);

internal sealed record PublishAnswer(ulong Source, string TrackId);

internal sealed record SourceRequest(ulong Source);

internal sealed record FlushAnswer(long DroppedBytes);

internal sealed record MarkRequest(ulong Source, string Mark, long Offset);

internal sealed record PublicationsAnswer(IReadOnlyList<RtcPublicationInfo> Publications);

internal sealed record ListenRequest(
    ulong Session, string Track, string? Format, int? Rate, int? Channels,
    [property: JsonPropertyName("wait_ms")] TimeSpan? Wait, int? BufferBytes);

internal sealed record MixRequest(
    ulong Session, RtcSelection? Users, string Format, int? Rate, int? Channels, int? BitrateBps,
    bool? LowDelay, bool Speakers, int? BufferBytes);

internal sealed record ListenAnswer(ulong Sink, string TrackId, string UserId, string Codec, string Format);

internal sealed record SinkRequest(ulong Sink);

internal sealed record RecordRequest(
    ulong Session, string? Folder, string? Owner, RtcSelection? Users, IReadOnlyList<string>? TrackTypes, bool? Mix, int? BitrateBps,
    IReadOnlyDictionary<string, string>? Labels, long? MaxBytes,
    [property: JsonPropertyName("max_duration_ms")] TimeSpan? MaxDuration, long? BufferBytes);

internal sealed record RecordingRequest(ulong Session, string Recording);

internal sealed record RecordingAnswer(RtcRecording Recording);

internal sealed record RecordingsRequest(
    ulong? Session, string? Folder, bool All, string? Owner, string? Recording, string? Before, string? After, int? Limit);

internal sealed record RemoveRecordingRequest(string? Folder, string Recording);

internal sealed record SfuAnswer(ulong Sfu, string Url, string WsEndpoint, string EdgeName);

internal sealed record SfuRequest(ulong Sfu);

internal sealed record SfuStopRequest(ulong Sfu, bool Drain);

internal sealed record SfuCallEndRequest(ulong Sfu, string CallCid, RtcCallEndReason Reason);

internal sealed record SfuGoAwayRequest(ulong Sfu, string? CallCid);

internal sealed record SfuKickRequest(ulong Sfu, string CallCid, string UserId);

internal sealed record SfuMuteRequest(
    ulong Sfu, string CallCid, IReadOnlyList<string>? UserIds, IReadOnlyList<string> TrackTypes, string ByUserId);

internal sealed record SfuGrantsRequest(
    ulong Sfu, string CallCid, string UserId, bool CanPublishAudio, bool CanPublishVideo, bool CanScreenshare);

internal sealed record SfuUpdateRequest(
    ulong Sfu, string CallCid, string UserId, string? Name, string? Image, JsonElement? Custom);

internal sealed record SfuPinsRequest(ulong Sfu, string CallCid, IReadOnlyList<RtcPin> Pins);

internal sealed record SfuParticipantsAnswer(int Participants);

internal sealed record SfuTracksAnswer(int Tracks);

/// <summary>The names of track types in commands and track ids.</summary>
internal static class TrackTypeNames
{
    internal static string NameOf(TrackType type) => type switch
    {
        TrackType.Audio => "audio",
        TrackType.Video => "video",
        TrackType.ScreenShare => "screen_share",
        TrackType.ScreenShareAudio => "screen_share_audio",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There is no such track type."),
    };
}

internal sealed class MillisecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeSpan.FromMilliseconds(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue((long)value.TotalMilliseconds);
}

/// <summary>Protobuf messages inside JSON answers, in protobuf's own JSON with original field names.</summary>
internal abstract class MessageConverter<T> : JsonConverter<T>
    where T : IMessage<T>, new()
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Parser.Parse<T>(document.RootElement.GetRawText());
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteRawValue(Formatter.Format(value));
}

internal sealed class ParticipantConverter : MessageConverter<Participant>;

internal sealed class JoinTimingConverter : MessageConverter<JoinTiming>;
