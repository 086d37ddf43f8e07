using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GetStream.Json;

/// <summary>Reads one JSON value; the reader stands on its first token and is left on its last.</summary>
internal delegate T JsonRead<out T>(ref Utf8JsonReader reader);

/// <summary>
/// The value readers that generated models are made of. JSON null answers null; any other wrong kind throws.
/// </summary>
internal static class JsonIn
{
    /// <summary>Checks that an object starts here.</summary>
    public static void BeginObject(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            throw Unexpected(ref reader, "an object");
        }
    }

    /// <summary>Moves to the next property's value and gives its name, or false at the end of the object.</summary>
    public static bool Next(ref Utf8JsonReader reader, out ReadOnlySpan<byte> name)
    {
        Advance(ref reader);
        if (reader.TokenType is JsonTokenType.EndObject)
        {
            name = default;
            return false;
        }

        name = reader.HasValueSequence || reader.ValueIsEscaped ? Unescaped(ref reader) : reader.ValueSpan;
        Advance(ref reader);
        return true;
    }

    public static string? String(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Null => null,
        _ => throw Unexpected(ref reader, "a string"),
    };

    public static bool? Bool(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.Null => null,
        _ => throw Unexpected(ref reader, "a boolean"),
    };

    public static int? Int32(ref Utf8JsonReader reader)
    {
        if (Int64(ref reader) is not { } number)
        {
            return null;
        }

        return number is >= int.MinValue and <= int.MaxValue
            ? (int)number
            : throw Unexpected(ref reader, "a 32-bit integer");
    }

    public static long? Int64(ref Utf8JsonReader reader)
    {
        if (!IsNumber(ref reader, "an integer"))
        {
            return null;
        }

        if (reader.TryGetInt64(out var number))
        {
            return number;
        }

        // Some encoders write whole numbers as 1.0 or 1e3.
        return reader.TryGetDecimal(out var exact)
            && exact == decimal.Truncate(exact)
            && exact is >= long.MinValue and <= long.MaxValue
                ? (long)exact
                : throw Unexpected(ref reader, "a 64-bit integer");
    }

    public static double? Double(ref Utf8JsonReader reader) =>
        IsNumber(ref reader, "a number") ? reader.GetDouble() : null;

    public static float? Single(ref Utf8JsonReader reader) =>
        IsNumber(ref reader, "a number") ? reader.GetSingle() : null;

    public static StreamTime? Time(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number:
                return Int64(ref reader) is { } nanoseconds ? StreamTime.FromUnixNanoseconds(nanoseconds) : null;
            case JsonTokenType.String:
                Span<char> text = stackalloc char[StreamTime.MaxTextLength];
                return TryCopy(ref reader, text, out var length)
                    && StreamTime.TryParse(text[..length], CultureInfo.InvariantCulture, out var time)
                        ? time
                        : throw Unexpected(ref reader, "an RFC 3339 time");
            default:
                throw Unexpected(ref reader, "a time");
        }
    }

    public static StreamDuration? Duration(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number:
                return Int64(ref reader) is { } nanoseconds ? StreamDuration.FromNanoseconds(nanoseconds) : null;
            case JsonTokenType.String:
                return StreamDuration.TryParse(reader.GetString(), CultureInfo.InvariantCulture, out var duration)
                    ? duration
                    : throw Unexpected(ref reader, "a duration such as 1h30m");
            default:
                throw Unexpected(ref reader, "a duration");
        }
    }

    /// <summary>A value whose null means something else than its absence.</summary>
    public static OrNull<T> OrNull<T>(ref Utf8JsonReader reader, JsonRead<T?> read)
        where T : struct =>
        read(ref reader) is { } value ? value : GetStream.OrNull<T>.Null;

    public static T? Enum<T>(ref Utf8JsonReader reader)
        where T : struct, IStreamEnum<T> =>
        String(ref reader) is { } value ? T.From(value) : null;

    public static T? Model<T>(ref Utf8JsonReader reader)
        where T : class, IStreamModel<T> =>
        reader.TokenType is JsonTokenType.Null ? null : T.ReadFrom(ref reader);

    /// <summary>An object whose content is the application's own, kept as it came.</summary>
    public static JsonObject? Object(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.StartObject:
                break;
            default:
                throw Unexpected(ref reader, "an object");
        }

        var ahead = reader;
        if (ahead.Read() && ahead.TokenType is JsonTokenType.EndObject)
        {
            reader = ahead;
            return [];
        }

        return JsonObject.Create(JsonElement.ParseValue(ref reader));
    }

    /// <summary>An array. A null element is an element that is not there: it is left out.</summary>
    public static IReadOnlyList<T>? List<T>(ref Utf8JsonReader reader, JsonRead<T?> read)
        where T : class
    {
        if (!BeginArray(ref reader))
        {
            return null;
        }

        List<T>? list = null;
        while (NextElement(ref reader))
        {
            if (read(ref reader) is { } element)
            {
                (list ??= []).Add(element);
            }
        }

        return list ?? (IReadOnlyList<T>)[];
    }

    /// <inheritdoc cref="List{T}(ref Utf8JsonReader, JsonRead{T})"/>
    public static IReadOnlyList<T>? ValueList<T>(ref Utf8JsonReader reader, JsonRead<T?> read)
        where T : struct
    {
        if (!BeginArray(ref reader))
        {
            return null;
        }

        List<T>? list = null;
        while (NextElement(ref reader))
        {
            if (read(ref reader) is { } element)
            {
                (list ??= []).Add(element);
            }
        }

        return list ?? (IReadOnlyList<T>)[];
    }

    /// <summary>An object used as a map. A null value is a key that is not there: it is left out.</summary>
    public static Dictionary<string, T>? Map<T>(ref Utf8JsonReader reader, JsonRead<T?> read)
        where T : class
    {
        if (reader.TokenType is JsonTokenType.Null)
        {
            return null;
        }

        BeginObject(ref reader);
        var map = new Dictionary<string, T>();
        while (NextKey(ref reader, out var key))
        {
            if (read(ref reader) is { } value)
            {
                map[key] = value;
            }
        }

        return map;
    }

    /// <inheritdoc cref="Map{T}(ref Utf8JsonReader, JsonRead{T})"/>
    public static Dictionary<string, T>? ValueMap<T>(ref Utf8JsonReader reader, JsonRead<T?> read)
        where T : struct
    {
        if (reader.TokenType is JsonTokenType.Null)
        {
            return null;
        }

        BeginObject(ref reader);
        var map = new Dictionary<string, T>();
        while (NextKey(ref reader, out var key))
        {
            if (read(ref reader) is { } value)
            {
                map[key] = value;
            }
        }

        return map;
    }

    /// <summary>Stands in for a required object that did not come; always throws.</summary>
    [DoesNotReturn]
    public static T Missing<T>(string property)
        where T : class =>
        throw new JsonException($"The required property '{property}' is missing.");

    private static bool BeginArray(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartArray => true,
        JsonTokenType.Null => false,
        _ => throw Unexpected(ref reader, "an array"),
    };

    private static bool NextElement(ref Utf8JsonReader reader)
    {
        Advance(ref reader);
        return reader.TokenType is not JsonTokenType.EndArray;
    }

    private static bool NextKey(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? key)
    {
        Advance(ref reader);
        key = reader.TokenType is JsonTokenType.EndObject ? null : reader.GetString();
        if (key is null)
        {
            return false;
        }

        Advance(ref reader);
        return true;
    }

    private static bool IsNumber(ref Utf8JsonReader reader, string expected) => reader.TokenType switch
    {
        JsonTokenType.Number => true,
        JsonTokenType.Null => false,
        _ => throw Unexpected(ref reader, expected),
    };

    private static void Advance(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
        {
            throw new JsonException("The JSON text ended early.");
        }
    }

    private static ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        var length = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
        var copy = new byte[length];
        return copy.AsSpan(0, reader.CopyString(copy));
    }

    private static bool TryCopy(ref Utf8JsonReader reader, scoped Span<char> text, out int length)
    {
        // An escape takes more bytes than it stands for, so a longer value may still fit; times need no escapes.
        var bytes = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        length = bytes <= text.Length ? reader.CopyString(text) : 0;
        return length > 0;
    }

    private static JsonException Unexpected(ref Utf8JsonReader reader, string expected) =>
        new($"Expected {expected} but found {reader.TokenType} at byte {reader.TokenStartIndex}.");
}
