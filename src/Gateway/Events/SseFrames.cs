using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using StreamGateway.Json;

namespace StreamGateway.Events;

/// <summary>Puts JSON into the framing of server-sent events (WHATWG HTML, section 9.2).</summary>
internal static class SseFrames
{
    // JSON text never holds a raw line break, so one data line is always enough.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <value>RFC 3339 in UTC with milliseconds.</value>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static readonly byte[] Heartbeat = ": heartbeat\n\n"u8.ToArray();

    /// <summary>Builds <c>event: …\ndata: …\n\n</c>.</summary>
    public static GatewayEvent Create(string type, Action<Utf8JsonWriter> writeData)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.Write("event: "u8);
        Encoding.UTF8.GetBytes(type, buffer);
        buffer.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writeData(json);
        }

        buffer.Write("\n\n"u8);
        return new GatewayEvent(type, buffer.WrittenSpan.ToArray());
    }

    public static byte[] Retry(TimeSpan interval) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"retry: {(long)interval.TotalMilliseconds}\n\n"));

    /// <summary>What is true at a position, so that a reader needs no second request.</summary>
    public static GatewayEvent Snapshot<TSnapshot>(TSnapshot state, long position, DateTimeOffset at) =>
        Create("snapshot", json =>
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "snapshot"u8);
            json.WriteNumber("seq"u8, position);
            json.WriteString("at"u8, at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
            json.WritePropertyName("snapshot"u8);
            JsonSerializer.Serialize(json, state, JsonDefaults.Options);
            json.WriteEndObject();
        });

    /// <summary>Tells a reader which positions it can no longer have.</summary>
    public static GatewayEvent Gap(long from, long to, string reason) =>
        Create("gap", json =>
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "gap"u8);
            json.WriteNumber("from"u8, from);
            json.WriteNumber("to"u8, to);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        });

    /// <summary>The last event of a stream.</summary>
    public static GatewayEvent End(string reason) =>
        Create("end", json =>
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "end"u8);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        });
}
