using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Local.Errors;

namespace GetStream.Local.Queries;

/// <summary>The values in filters, as values of the field they are compared with.</summary>
internal static class FilterOperand
{
    private const int MaxListLength = 100;

    /// <exception cref="ApiException">The value is not of the field's kind.</exception>
    public static object? Parse(JsonNode? node, FieldKind kind, string where)
    {
        if (node is null)
            return null;
        var value = node is JsonValue json ? Scalar(json) : null;
        return kind switch
        {
            FieldKind.Time => value is string text
                && StreamTime.TryParse(text, CultureInfo.InvariantCulture, out var time)
                ? time.ToDateTimeOffset()
                : throw Wrong(where, "an RFC 3339 time"),
            FieldKind.Number => value as double? ?? throw Wrong(where, "a number"),
            FieldKind.Flag => value as bool? ?? throw Wrong(where, "true or false"),
            FieldKind.Text or FieldKind.TextList => value as string ?? throw Wrong(where, "text"),
            _ => value ?? throw Wrong(where, "text, a number, true or false"),
        };
    }

    /// <exception cref="ApiException">Not a list, too long, or with a value of another kind.</exception>
    public static List<object?> ParseList(JsonNode? node, FieldKind kind, string where)
    {
        if (node is not JsonArray list)
            throw Wrong(where, "a list");
        if (list.Count > MaxListLength)
            throw ApiException.Input($"{where} has more than {MaxListLength} values");
        return [.. list.Select(item => Parse(item, kind, where))];
    }

    /// <summary>Text, double or bool; null for null.</summary>
    public static object? Scalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => value.GetValue<double>(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static ApiException Wrong(string where, string expected) => ApiException.Input($"{where} takes {expected}");
}
