using System.Globalization;
using System.Text.Json;
using StreamGateway.Events;
using StreamGateway.Json;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Sessions;

/// <summary>Makes the events of a session: who and where around what the native library said.</summary>
internal static class SessionEvents
{
    public static GatewayEvent Create(PooledSession session, long sequence, string type, Event source) =>
        SseFrames.Create(type, json =>
        {
            WriteHead(json, session, sequence, type, UnixTime.FromNanoseconds(source.TimeUnixNs));
            json.WritePropertyName(type);
            EventJson.WritePayload(json, source);
            json.WriteEndObject();
        }) with { Owner = session.Owner };

    /// <summary>An event of Stream's coordinator: under Stream's own type, with Stream's own JSON.</summary>
    public static GatewayEvent Create(PooledSession session, long sequence, CoordinatorEvent told, long timeUnixNs)
    {
        var type = ForeignEvents.NameOf(told.Type);
        return SseFrames.Create(type, json =>
        {
            WriteHead(json, session, sequence, type, UnixTime.FromNanoseconds(timeUnixNs));
            json.WritePropertyName("payload"u8);
            json.WriteRawValue(told.PayloadJson); // the library has put it on one line
            json.WriteEndObject();
        }) with { Owner = session.Owner };
    }

    /// <summary>Tells readers that the native library dropped events before the gateway took them.</summary>
    public static GatewayEvent Gap(PooledSession session, long sequence, ulong from, ulong to) =>
        SseFrames.Create("gap", json =>
        {
            WriteHead(json, session, sequence, "gap", DateTimeOffset.UtcNow);
            json.WriteNumber("from"u8, from);
            json.WriteNumber("to"u8, to);
            json.WriteString("reason"u8, "native_overflow"u8);
            json.WriteEndObject();
        }) with { Owner = session.Owner };

    private static void WriteHead(
        Utf8JsonWriter json, PooledSession session, long sequence, string type, DateTimeOffset at)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("session_id"u8, session.Id);
        json.WriteString("call_cid"u8, session.Cid);
        json.WriteNumber("seq"u8, sequence);
        Span<char> time = stackalloc char[32];
        at.UtcDateTime.TryFormat(time, out var length, SseFrames.TimeFormat, CultureInfo.InvariantCulture);
        json.WriteString("at"u8, time[..length]);
    }
}

/// <summary>The <c>snapshot</c> event of a session's stream.</summary>
internal sealed record SessionSnapshot(
    SessionResponse Session, IReadOnlyList<ParticipantResponse> Participants, IReadOnlyList<TrackResponse> Tracks);

/// <summary>The <c>snapshot</c> event of a stream over several sessions.</summary>
internal sealed record SessionsSnapshot(IReadOnlyList<SessionSnapshot> Sessions);
