using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using GetStream.Local.Errors;

namespace GetStream.Local.Queries;

/// <summary>The place of a row, as opaque text.</summary>
internal static class PageCursor
{
    private const int MaxLength = 4_096;
    private const string TimePrefix = "t";

    public static string Write(object?[] key)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var value in key)
                WriteValue(writer, value);
            writer.WriteEndArray();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }

    /// <exception cref="ApiException">Not a cursor of ours.</exception>
    public static object?[] Read(string cursor)
    {
        try
        {
            if (cursor.Length > MaxLength)
                throw new FormatException();
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(cursor));
            return [.. json.RootElement.EnumerateArray().Select(ReadValue)];
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            throw ApiException.Input("next or prev is not a cursor that a query answered");
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue("s" + text);
                break;
            case DateTimeOffset time:
                writer.WriteStringValue(TimePrefix + time.UtcTicks.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static object? ReadValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => ReadText(value.GetString()!),
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static object ReadText(string text) => text switch
    {
        ['s', .. var rest] => rest,
        ['t', .. var ticks] when long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= DateTime.MaxValue.Ticks => new DateTimeOffset(number, TimeSpan.Zero),
        _ => throw new FormatException(),
    };
}
