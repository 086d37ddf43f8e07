using System.Text.Json;
using System.Text.Json.Nodes;

namespace GetStream.Json;

/// <summary>Writes one JSON value.</summary>
internal delegate void JsonWrite<in T>(Utf8JsonWriter writer, T value, StreamTimeFormat times);

/// <summary>The value writers that generated models are made of.</summary>
internal static class JsonOut
{
    public static void Time(Utf8JsonWriter writer, StreamTime value, StreamTimeFormat times)
    {
        if (times is StreamTimeFormat.Nanoseconds)
        {
            writer.WriteNumberValue(value.ToUnixNanoseconds());
        }
        else
        {
            TimeText(writer, value, times);
        }
    }

    /// <summary>Writes RFC 3339 text, whatever the format of the other times.</summary>
    public static void TimeText(Utf8JsonWriter writer, StreamTime value, StreamTimeFormat times)
    {
        Span<byte> text = stackalloc byte[StreamTime.MaxTextLength];
        _ = value.TryFormat(text, out var length, default, null);
        writer.WriteStringValue(text[..length]);
    }

    public static void Duration(Utf8JsonWriter writer, StreamDuration value, StreamTimeFormat times) =>
        writer.WriteStringValue(value.ToString());

    public static void String(Utf8JsonWriter writer, string value, StreamTimeFormat times) =>
        writer.WriteStringValue(value);

    public static void Bool(Utf8JsonWriter writer, bool value, StreamTimeFormat times) =>
        writer.WriteBooleanValue(value);

    public static void Int32(Utf8JsonWriter writer, int value, StreamTimeFormat times) =>
        writer.WriteNumberValue(value);

    public static void Int64(Utf8JsonWriter writer, long value, StreamTimeFormat times) =>
        writer.WriteNumberValue(value);

    public static void Double(Utf8JsonWriter writer, double value, StreamTimeFormat times) =>
        writer.WriteNumberValue(value);

    public static void Single(Utf8JsonWriter writer, float value, StreamTimeFormat times) =>
        writer.WriteNumberValue(value);

    public static void OrNull<T>(
        Utf8JsonWriter writer, OrNull<T> value, StreamTimeFormat times, JsonWrite<T> write)
        where T : struct
    {
        if (value.Value is { } present)
        {
            write(writer, present, times);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    public static void Enum<T>(Utf8JsonWriter writer, T value, StreamTimeFormat times)
        where T : struct, IStreamEnum<T> =>
        writer.WriteStringValue(value.Value);

    public static void Model<T>(Utf8JsonWriter writer, T value, StreamTimeFormat times)
        where T : class, IStreamModel<T> =>
        value.WriteTo(writer, times);

    public static void Object(Utf8JsonWriter writer, JsonObject value, StreamTimeFormat times) =>
        value.WriteTo(writer);

    public static void List<T>(
        Utf8JsonWriter writer, IReadOnlyList<T> values, StreamTimeFormat times, JsonWrite<T> write)
    {
        writer.WriteStartArray();
        for (var i = 0; i < values.Count; i++)
        {
            write(writer, values[i], times);
        }

        writer.WriteEndArray();
    }

    public static void Map<T>(
        Utf8JsonWriter writer, IReadOnlyDictionary<string, T> values, StreamTimeFormat times, JsonWrite<T> write)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in values)
        {
            writer.WritePropertyName(key);
            write(writer, value, times);
        }

        writer.WriteEndObject();
    }
}
