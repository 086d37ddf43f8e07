using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GetStream.Local.Errors;

namespace GetStream.Local.Http;

/// <summary>Sizes and character sets of what clients may name.</summary>
internal static partial class Limits
{
    public const int MaxCallIdLength = 64;
    public const int MaxUserIdLength = 255;
    public const int MaxNameLength = 1_024;
    public const int MaxUrlLength = 4_096;
    public const int MaxShortLength = 255;

    /// <summary>Custom data of users and of events.</summary>
    public const int MaxCustomBytes = 5 * 1024;

    /// <summary>Custom data of calls and their members.</summary>
    public const int MaxCallCustomBytes = 64 * 1024;

    public const int MaxCustomDepth = 32;
    public const int MaxPageSize = 100;
    public const int DefaultPageSize = 25;

    /// <summary>Of searches as somebody types.</summary>
    public const int MaxSearchPageSize = 25;

    /// <exception cref="ApiException">Too long, empty, or with other characters than letters, digits, _ and
    /// -.</exception>
    public static string CallId(string id, string field)
    {
        Length(id, MaxCallIdLength, field);
        return CallIdPattern().IsMatch(id)
            ? id
            : throw ApiException.InvalidField(
                field, $"\"{Shortened.Text(id)}\" must consist of letters, digits, _ and -");
    }

    /// <exception cref="ApiException">Too long, empty, or with other characters than letters, digits, @, _ and
    /// -.</exception>
    public static string UserId(string id, string field = "user_id")
    {
        Length(id, MaxUserIdLength, field);
        return UserIdPattern().IsMatch(id)
            ? id
            : throw ApiException.InvalidField(
                field, $"\"{Shortened.Text(id)}\" must consist of letters, digits, @, _ and -");
    }

    /// <exception cref="ApiException">More bytes of JSON than <paramref name="maxBytes"/>, or nested too
    /// deep.</exception>
    public static void Custom(JsonObject? custom, int maxBytes, string field = "custom")
    {
        if (custom is null)
            return;
        if (!IsShallow(custom, MaxCustomDepth))
            throw ApiException.InvalidField(field, $"must be nested at most {MaxCustomDepth} deep");
        if (Encoding.UTF8.GetByteCount(custom.ToJsonString()) > maxBytes)
            throw ApiException.InvalidField(field, $"must be at most {maxBytes} bytes of JSON");
    }

    /// <exception cref="ApiException">Left out, empty or too long.</exception>
    public static string SearchText(string? text)
    {
        Length(text ?? "", MaxShortLength, "query");
        return text!;
    }

    /// <summary>For what may be left out or empty.</summary>
    public static void OptionalLength(string? text, int max, string field)
    {
        if (text is { Length: > 0 })
            Length(text, max, field);
    }

    public static void Length(string text, int max, string field)
    {
        if (text.Length == 0)
            throw ApiException.InvalidField(field, "must not be empty");
        if (text.Length > max)
            throw ApiException.InvalidField(field, $"must be at most {max} characters long, not {text.Length}");
    }

    public static int Range(int number, int min, int max, string field) =>
        number >= min && number <= max
            ? number
            : throw ApiException.InvalidField(field, $"must be between {min} and {max}, not {number}");

    public static void Count(int count, int max, string field)
    {
        if (count > max)
            throw ApiException.InvalidField(field, $"must have at most {max} entries, not {count}");
    }

    private static bool IsShallow(JsonNode? node, int depth) => node switch
    {
        JsonObject map => depth > 0 && map.All(entry => IsShallow(entry.Value, depth - 1)),
        JsonArray list => depth > 0 && list.All(item => IsShallow(item, depth - 1)),
        _ => true,
    };

    [GeneratedRegex(@"^[A-Za-z0-9_-]+\z")]
    private static partial Regex CallIdPattern();

    [GeneratedRegex(@"^[A-Za-z0-9@_-]+\z")]
    private static partial Regex UserIdPattern();
}
