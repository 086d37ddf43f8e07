using System.Text.Json;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Events;

/// <content>One method for each message of <c>events.proto</c>, in its order; each writes the fields in theirs.</content>
internal static partial class EventJson
{
    internal static void Write(Utf8JsonWriter json, Participant message)
    {
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        json.WriteString("name"u8, message.Name);
        json.WriteString("image"u8, message.Image);
        WriteStrings(json, "roles"u8, message.Roles);
        WriteMessages(json, "tracks"u8, message.Tracks, Write);
        WriteFloat(json, "audio_level"u8, message.AudioLevel);
        json.WriteBoolean("is_speaking"u8, message.IsSpeaking);
        json.WriteBoolean("is_dominant_speaker"u8, message.IsDominantSpeaker);
        WriteEnum(json, "connection_quality"u8, message.ConnectionQuality);
        WriteInt64(json, "joined_at_unix_ns"u8, message.JoinedAtUnixNs);
        json.WriteString("custom_json"u8, message.CustomJson);
        json.WriteBoolean("is_local"u8, message.IsLocal);
    }

    private static void Write(Utf8JsonWriter json, Track message)
    {
        json.WriteString("track_id"u8, message.TrackId);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        WriteEnum(json, "track_type"u8, message.TrackType);
        json.WriteString("codec"u8, message.Codec);
        json.WriteBoolean("muted"u8, message.Muted);
    }

    private static void Write(Utf8JsonWriter json, RtcPacket message)
    {
        WriteMessage(json, "video"u8, message.Video, Write);
        WriteMessage(json, "audio"u8, message.Audio, Write);
        WriteMessage(json, "data"u8, message.Data, static (_, _) => { });
        json.WriteString("user_id"u8, message.UserId);
    }

    private static void Write(Utf8JsonWriter json, VideoPayload message) =>
        WriteBytes(json, "payload"u8, message.Payload);

    private static void Write(Utf8JsonWriter json, AudioPayload message)
    {
        WriteMessage(json, "pcm"u8, message.Pcm, Write);
        WriteMessage(json, "ogg"u8, message.Ogg, Write);
    }

    private static void Write(Utf8JsonWriter json, PcmAudioPayload message)
    {
        WriteBytes(json, "payload"u8, message.Payload);
        WriteEnum(json, "format"u8, message.Format);
        json.WriteNumber("channels"u8, message.Channels);
        json.WriteNumber("sample_rate"u8, message.SampleRate);
    }

    private static void Write(Utf8JsonWriter json, OggOpusPayload message) =>
        WriteBytes(json, "payload"u8, message.Payload);

    private static void Write(Utf8JsonWriter json, Joined message)
    {
        json.WriteString("call_cid"u8, message.CallCid);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        WriteMessages(json, "participants"u8, message.Participants, Write);
        WriteStrings(json, "own_capabilities"u8, message.OwnCapabilities);
        json.WriteString("sfu"u8, message.Sfu);
        WriteMessage(json, "timing"u8, message.Timing, Write);
    }

    internal static void Write(Utf8JsonWriter json, JoinTiming message)
    {
        WriteDouble(json, "coordinator_ms"u8, message.CoordinatorMs);
        WriteDouble(json, "signaling_ms"u8, message.SignalingMs);
        WriteDouble(json, "total_ms"u8, message.TotalMs);
        WriteDouble(json, "ice_ms"u8, message.IceMs);
        WriteDouble(json, "dtls_ms"u8, message.DtlsMs);
        WriteDouble(json, "first_packet_ms"u8, message.FirstPacketMs);
    }

    private static void Write(Utf8JsonWriter json, ParticipantJoined message)
    {
        json.WriteString("user_id"u8, message.UserId);
        WriteMessage(json, "participant"u8, message.Participant, Write);
    }

    private static void Write(Utf8JsonWriter json, ParticipantLeft message)
    {
        json.WriteString("user_id"u8, message.UserId);
        WriteMessage(json, "participant"u8, message.Participant, Write);
    }

    private static void Write(Utf8JsonWriter json, ParticipantUpdated message) =>
        WriteMessage(json, "participant"u8, message.Participant, Write);

    private static void Write(Utf8JsonWriter json, TrackPublished message) =>
        WriteMessage(json, "track"u8, message.Track, Write);

    private static void Write(Utf8JsonWriter json, TrackUnpublished message)
    {
        WriteMessage(json, "track"u8, message.Track, Write);
        json.WriteString("cause"u8, message.Cause);
    }

    private static void Write(Utf8JsonWriter json, AudioLevels message) =>
        WriteMessages(json, "levels"u8, message.Levels, Write);

    private static void Write(Utf8JsonWriter json, AudioLevel message)
    {
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        WriteFloat(json, "level"u8, message.Level);
        json.WriteBoolean("is_speaking"u8, message.IsSpeaking);
    }

    private static void Write(Utf8JsonWriter json, DominantSpeakerChanged message)
    {
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
    }

    private static void Write(Utf8JsonWriter json, ConnectionQualityChanged message) =>
        WriteMessages(json, "updates"u8, message.Updates, Write);

    private static void Write(Utf8JsonWriter json, ParticipantQuality message)
    {
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        WriteEnum(json, "quality"u8, message.Quality);
    }

    private static void Write(Utf8JsonWriter json, ConnectionStateChanged message)
    {
        WriteEnum(json, "peer"u8, message.Peer);
        WriteEnum(json, "state"u8, message.State);
    }

    private static void Write(Utf8JsonWriter json, Reconnecting message)
    {
        WriteEnum(json, "strategy"u8, message.Strategy);
        json.WriteNumber("attempt"u8, message.Attempt);
        json.WriteString("reason"u8, message.Reason);
    }

    private static void Write(Utf8JsonWriter json, Reconnected message)
    {
        WriteEnum(json, "strategy"u8, message.Strategy);
        WriteDouble(json, "outage_ms"u8, message.OutageMs);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
    }

    private static void Write(Utf8JsonWriter json, SubscriptionsChanged message)
    {
        json.WriteString("audio"u8, message.Audio);
        WriteStrings(json, "audio_user_ids"u8, message.AudioUserIds);
        json.WriteString("video"u8, message.Video);
        WriteStrings(json, "video_user_ids"u8, message.VideoUserIds);
        json.WriteNumber("max_video_height"u8, message.MaxVideoHeight);
    }

    private static void Write(Utf8JsonWriter json, PermissionsUpdated message)
    {
        WriteStrings(json, "own_capabilities"u8, message.OwnCapabilities);
        json.WriteBoolean("can_publish_audio"u8, message.CanPublishAudio);
        json.WriteBoolean("can_publish_video"u8, message.CanPublishVideo);
        json.WriteBoolean("can_screenshare"u8, message.CanScreenshare);
    }

    private static void Write(Utf8JsonWriter json, MutedByModerator message)
    {
        json.WriteStartArray("track_types"u8);
        foreach (var type in message.TrackTypes)
        {
            ProtoEnumNames<TrackType>.Write(json, type);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, GoAway message) => json.WriteString("reason"u8, message.Reason);

    private static void Write(Utf8JsonWriter json, CallEnded message) => json.WriteString("reason"u8, message.Reason);

    private static void Write(Utf8JsonWriter json, Left message)
    {
        json.WriteString("reason"u8, message.Reason);
        WriteMessage(json, "error"u8, message.Error, Write);
    }

    private static void Write(Utf8JsonWriter json, PublicationEnded message)
    {
        json.WriteString("name"u8, message.Name);
        WriteUInt64(json, "source_id"u8, message.SourceId);
        WriteEnum(json, "track_type"u8, message.TrackType);
        json.WriteString("reason"u8, message.Reason);
        WriteDouble(json, "duration_ms"u8, message.DurationMs);
        WriteUInt64(json, "packets"u8, message.Packets);
        WriteUInt64(json, "bytes"u8, message.Bytes);
        WriteMessage(json, "error"u8, message.Error, Write);
    }

    private static void Write(Utf8JsonWriter json, SinkLagged message)
    {
        WriteUInt64(json, "sink_id"u8, message.SinkId);
        json.WriteString("track_id"u8, message.TrackId);
        WriteUInt64(json, "dropped_bytes"u8, message.DroppedBytes);
        WriteUInt64(json, "dropped_packets"u8, message.DroppedPackets);
    }

    private static void Write(Utf8JsonWriter json, SinkEnded message)
    {
        WriteUInt64(json, "sink_id"u8, message.SinkId);
        json.WriteString("track_id"u8, message.TrackId);
        json.WriteString("reason"u8, message.Reason);
        WriteUInt64(json, "packets"u8, message.Packets);
        WriteUInt64(json, "bytes"u8, message.Bytes);
    }

    private static void Write(Utf8JsonWriter json, CoordinatorEvent message)
    {
        json.WriteString("type"u8, message.Type);
        json.WriteString("payload_json"u8, message.PayloadJson);
    }

    private static void Write(Utf8JsonWriter json, CoordinatorConnectionChanged message)
    {
        json.WriteBoolean("connected"u8, message.Connected);
        WriteMessage(json, "error"u8, message.Error, Write);
    }

    private static void Write(Utf8JsonWriter json, TokenExpiring message)
    {
        WriteInt64(json, "expires_at_unix_ns"u8, message.ExpiresAtUnixNs);
        json.WriteBoolean("expired"u8, message.Expired);
    }

    private static void Write(Utf8JsonWriter json, KeyframeRequested message)
    {
        json.WriteString("name"u8, message.Name);
        WriteUInt64(json, "source_id"u8, message.SourceId);
        WriteEnum(json, "track_type"u8, message.TrackType);
        WriteUInt64(json, "requests"u8, message.Requests);
    }

    private static void Write(Utf8JsonWriter json, MarkReached message)
    {
        WriteUInt64(json, "source_id"u8, message.SourceId);
        json.WriteString("mark"u8, message.Mark);
        json.WriteBoolean("dropped"u8, message.Dropped);
        WriteDouble(json, "position_ms"u8, message.PositionMs);
    }

    private static void Write(Utf8JsonWriter json, SpeakerChanged message)
    {
        WriteUInt64(json, "sink_id"u8, message.SinkId);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        json.WriteBoolean("speaking"u8, message.Speaking);
        WriteFloat(json, "level"u8, message.Level);
    }

    private static void Write(Utf8JsonWriter json, RecordingStarted message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        json.WriteBoolean("mix"u8, message.Mix);
    }

    private static void Write(Utf8JsonWriter json, RecordingFile message)
    {
        json.WriteString("name"u8, message.Name);
        json.WriteBoolean("mix"u8, message.Mix);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        WriteEnum(json, "track_type"u8, message.TrackType);
        json.WriteString("codec"u8, message.Codec);
        json.WriteString("format"u8, message.Format);
        WriteDouble(json, "start_ms"u8, message.StartMs);
        WriteDouble(json, "duration_ms"u8, message.DurationMs);
        WriteUInt64(json, "packets"u8, message.Packets);
        WriteUInt64(json, "lost"u8, message.Lost);
        WriteUInt64(json, "bytes"u8, message.Bytes);
        WriteUInt64(json, "dropped_packets"u8, message.DroppedPackets);
    }

    private static void Write(Utf8JsonWriter json, RecordingFileStarted message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        WriteMessage(json, "file"u8, message.File, Write);
    }

    private static void Write(Utf8JsonWriter json, RecordingFileEnded message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        WriteMessage(json, "file"u8, message.File, Write);
    }

    private static void Write(Utf8JsonWriter json, RecordingLagged message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        json.WriteString("name"u8, message.Name);
        WriteUInt64(json, "dropped_packets"u8, message.DroppedPackets);
        WriteUInt64(json, "dropped_bytes"u8, message.DroppedBytes);
    }

    private static void Write(Utf8JsonWriter json, RecordingStopped message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        json.WriteString("reason"u8, message.Reason);
        WriteDouble(json, "duration_ms"u8, message.DurationMs);
        WriteUInt64(json, "bytes"u8, message.Bytes);
        json.WriteNumber("files"u8, message.Files);
        WriteUInt64(json, "dropped_packets"u8, message.DroppedPackets);
        WriteUInt64(json, "dropped_bytes"u8, message.DroppedBytes);
    }

    private static void Write(Utf8JsonWriter json, RecordingFailed message)
    {
        json.WriteString("recording_id"u8, message.RecordingId);
        WriteMessage(json, "error"u8, message.Error, Write);
        WriteDouble(json, "duration_ms"u8, message.DurationMs);
        WriteUInt64(json, "bytes"u8, message.Bytes);
        json.WriteNumber("files"u8, message.Files);
        WriteUInt64(json, "dropped_packets"u8, message.DroppedPackets);
        WriteUInt64(json, "dropped_bytes"u8, message.DroppedBytes);
    }

    private static void Write(Utf8JsonWriter json, Error message)
    {
        WriteEnum(json, "code"u8, message.Code);
        json.WriteString("message"u8, message.Message);
        json.WriteString("kind"u8, message.Kind);
        json.WriteString("stage"u8, message.Stage);
    }

    private static void Write(Utf8JsonWriter json, SfuParticipantJoined message)
    {
        WriteUInt64(json, "sfu_id"u8, message.SfuId);
        json.WriteString("call_cid"u8, message.CallCid);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        json.WriteBoolean("anonymous"u8, message.Anonymous);
    }

    private static void Write(Utf8JsonWriter json, SfuParticipantLeft message)
    {
        WriteUInt64(json, "sfu_id"u8, message.SfuId);
        json.WriteString("call_cid"u8, message.CallCid);
        json.WriteString("user_id"u8, message.UserId);
        json.WriteString("participant_session_id"u8, message.ParticipantSessionId);
        json.WriteBoolean("anonymous"u8, message.Anonymous);
        json.WriteString("reason"u8, message.Reason);
        WriteDouble(json, "duration_ms"u8, message.DurationMs);
    }
}
