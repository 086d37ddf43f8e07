using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Events;

/// <summary>
/// Writes the payload of a native event as JSON: what <c>Google.Protobuf.JsonFormatter</c> writes with original field
/// names and with default values, without its allocations. A test compares both for every message.
/// </summary>
/// <remarks>
/// So 64-bit integers are strings, bytes are base64, enums are names, and a message that is not set is left out.
/// </remarks>
internal static partial class EventJson
{
    /// <summary>Name of the payload, which is the event's type; null for an event newer than this program.</summary>
    public static string? TypeOf(Event source) => source.PayloadCase switch
    {
        Event.PayloadOneofCase.RtcPacket => "rtc_packet",
        Event.PayloadOneofCase.ParticipantJoined => "participant_joined",
        Event.PayloadOneofCase.ParticipantLeft => "participant_left",
        Event.PayloadOneofCase.Error => "error",
        Event.PayloadOneofCase.Joined => "joined",
        Event.PayloadOneofCase.CallEnded => "call_ended",
        Event.PayloadOneofCase.Left => "left",
        Event.PayloadOneofCase.ParticipantUpdated => "participant_updated",
        Event.PayloadOneofCase.TrackPublished => "track_published",
        Event.PayloadOneofCase.TrackUnpublished => "track_unpublished",
        Event.PayloadOneofCase.AudioLevels => "audio_levels",
        Event.PayloadOneofCase.DominantSpeakerChanged => "dominant_speaker_changed",
        Event.PayloadOneofCase.ConnectionQualityChanged => "connection_quality_changed",
        Event.PayloadOneofCase.ConnectionStateChanged => "connection_state_changed",
        Event.PayloadOneofCase.Reconnecting => "reconnecting",
        Event.PayloadOneofCase.Reconnected => "reconnected",
        Event.PayloadOneofCase.SubscriptionsChanged => "subscriptions_changed",
        Event.PayloadOneofCase.PermissionsUpdated => "permissions_updated",
        Event.PayloadOneofCase.MutedByModerator => "muted_by_moderator",
        Event.PayloadOneofCase.GoAway => "go_away",
        Event.PayloadOneofCase.PublicationEnded => "publication_ended",
        Event.PayloadOneofCase.SinkLagged => "sink_lagged",
        Event.PayloadOneofCase.SinkEnded => "sink_ended",
        Event.PayloadOneofCase.CoordinatorEvent => "coordinator_event",
        Event.PayloadOneofCase.CoordinatorConnectionChanged => "coordinator_connection_changed",
        Event.PayloadOneofCase.TokenExpiring => "token_expiring",
        Event.PayloadOneofCase.KeyframeRequested => "keyframe_requested",
        Event.PayloadOneofCase.MarkReached => "mark_reached",
        Event.PayloadOneofCase.SpeakerChanged => "speaker_changed",
        Event.PayloadOneofCase.RecordingStarted => "recording_started",
        Event.PayloadOneofCase.RecordingFileStarted => "recording_file_started",
        Event.PayloadOneofCase.RecordingFileEnded => "recording_file_ended",
        Event.PayloadOneofCase.RecordingLagged => "recording_lagged",
        Event.PayloadOneofCase.RecordingStopped => "recording_stopped",
        Event.PayloadOneofCase.RecordingFailed => "recording_failed",
        Event.PayloadOneofCase.SfuParticipantJoined => "sfu_participant_joined",
        Event.PayloadOneofCase.SfuParticipantLeft => "sfu_participant_left",
        _ => null,
    };

    /// <summary>Writes the payload, one JSON object.</summary>
    public static void WritePayload(Utf8JsonWriter json, Event source)
    {
        json.WriteStartObject();
        switch (source.PayloadCase)
        {
            case Event.PayloadOneofCase.RtcPacket: Write(json, source.RtcPacket); break;
            case Event.PayloadOneofCase.ParticipantJoined: Write(json, source.ParticipantJoined); break;
            case Event.PayloadOneofCase.ParticipantLeft: Write(json, source.ParticipantLeft); break;
            case Event.PayloadOneofCase.Error: Write(json, source.Error); break;
            case Event.PayloadOneofCase.Joined: Write(json, source.Joined); break;
            case Event.PayloadOneofCase.CallEnded: Write(json, source.CallEnded); break;
            case Event.PayloadOneofCase.Left: Write(json, source.Left); break;
            case Event.PayloadOneofCase.ParticipantUpdated: Write(json, source.ParticipantUpdated); break;
            case Event.PayloadOneofCase.TrackPublished: Write(json, source.TrackPublished); break;
            case Event.PayloadOneofCase.TrackUnpublished: Write(json, source.TrackUnpublished); break;
            case Event.PayloadOneofCase.AudioLevels: Write(json, source.AudioLevels); break;
            case Event.PayloadOneofCase.DominantSpeakerChanged: Write(json, source.DominantSpeakerChanged); break;
            case Event.PayloadOneofCase.ConnectionQualityChanged: Write(json, source.ConnectionQualityChanged); break;
            case Event.PayloadOneofCase.ConnectionStateChanged: Write(json, source.ConnectionStateChanged); break;
            case Event.PayloadOneofCase.Reconnecting: Write(json, source.Reconnecting); break;
            case Event.PayloadOneofCase.Reconnected: Write(json, source.Reconnected); break;
            case Event.PayloadOneofCase.SubscriptionsChanged: Write(json, source.SubscriptionsChanged); break;
            case Event.PayloadOneofCase.PermissionsUpdated: Write(json, source.PermissionsUpdated); break;
            case Event.PayloadOneofCase.MutedByModerator: Write(json, source.MutedByModerator); break;
            case Event.PayloadOneofCase.GoAway: Write(json, source.GoAway); break;
            case Event.PayloadOneofCase.PublicationEnded: Write(json, source.PublicationEnded); break;
            case Event.PayloadOneofCase.SinkLagged: Write(json, source.SinkLagged); break;
            case Event.PayloadOneofCase.SinkEnded: Write(json, source.SinkEnded); break;
            case Event.PayloadOneofCase.CoordinatorEvent: Write(json, source.CoordinatorEvent); break;
            case Event.PayloadOneofCase.CoordinatorConnectionChanged: Write(json, source.CoordinatorConnectionChanged); break;
            case Event.PayloadOneofCase.TokenExpiring: Write(json, source.TokenExpiring); break;
            case Event.PayloadOneofCase.KeyframeRequested: Write(json, source.KeyframeRequested); break;
            case Event.PayloadOneofCase.MarkReached: Write(json, source.MarkReached); break;
            case Event.PayloadOneofCase.SpeakerChanged: Write(json, source.SpeakerChanged); break;
            case Event.PayloadOneofCase.RecordingStarted: Write(json, source.RecordingStarted); break;
            case Event.PayloadOneofCase.RecordingFileStarted: Write(json, source.RecordingFileStarted); break;
            case Event.PayloadOneofCase.RecordingFileEnded: Write(json, source.RecordingFileEnded); break;
            case Event.PayloadOneofCase.RecordingLagged: Write(json, source.RecordingLagged); break;
            case Event.PayloadOneofCase.RecordingStopped: Write(json, source.RecordingStopped); break;
            case Event.PayloadOneofCase.RecordingFailed: Write(json, source.RecordingFailed); break;
            case Event.PayloadOneofCase.SfuParticipantJoined: Write(json, source.SfuParticipantJoined); break;
            case Event.PayloadOneofCase.SfuParticipantLeft: Write(json, source.SfuParticipantLeft); break;
        }

        json.WriteEndObject();
    }

    private static void WriteMessage<T>(Utf8JsonWriter json, ReadOnlySpan<byte> name, T? message, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        if (message is null)
        {
            return;
        }

        json.WriteStartObject(name);
        write(json, message);
        json.WriteEndObject();
    }

    private static void WriteMessages<T>(
        Utf8JsonWriter json, ReadOnlySpan<byte> name, RepeatedField<T> messages, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var message in messages)
        {
            json.WriteStartObject();
            write(json, message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, ReadOnlySpan<byte> name, RepeatedField<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteEnum<TEnum>(Utf8JsonWriter json, ReadOnlySpan<byte> name, TEnum value)
        where TEnum : struct, Enum
    {
        json.WritePropertyName(name);
        ProtoEnumNames<TEnum>.Write(json, value);
    }

    private static void WriteInt64(Utf8JsonWriter json, ReadOnlySpan<byte> name, long value)
    {
        Span<char> digits = stackalloc char[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        json.WriteString(name, digits[..length]);
    }

    private static void WriteUInt64(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong value)
    {
        Span<char> digits = stackalloc char[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        json.WriteString(name, digits[..length]);
    }

    // JSON has no infinities; protobuf's JSON writes their names.
    private static void WriteDouble(Utf8JsonWriter json, ReadOnlySpan<byte> name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void WriteFloat(Utf8JsonWriter json, ReadOnlySpan<byte> name, float value)
    {
        if (float.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void WriteBytes(Utf8JsonWriter json, ReadOnlySpan<byte> name, ByteString value) =>
        json.WriteBase64String(name, value.Span);
}
