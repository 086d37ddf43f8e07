using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace StreamGateway.Json;

/// <summary>
/// Finds what System.Text.Json lets pass until somebody reads it, and then fails on as on a defect: bytes that are not UTF-8, and
/// escapes of half a character.
/// </summary>
internal static class JsonText
{
    /// <exception cref="JsonException">It is not JSON, or a name or a string in it is no text; says where.</exception>
    public static void Check(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw At(json, ValidLength(json), "The text is not UTF-8.");
        }

        // Only escapes can be halves of characters, and few bodies have any.
        if (json.IndexOf("\\u"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped)
            {
                CheckEscapes(ref reader, json);
            }
        }
    }

    private static void CheckEscapes(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        try
        {
            _ = reader.GetString();
        }
        catch (InvalidOperationException)
        {
            throw At(json, (int)reader.TokenStartIndex, "A string has half of a surrogate pair.");
        }
    }

    private static int ValidLength(ReadOnlySpan<byte> json)
    {
        var length = 0;
        while (Rune.DecodeFromUtf8(json[length..], out _, out var consumed) == System.Buffers.OperationStatus.Done)
        {
            length += consumed;
        }

        return length;
    }

    private static JsonException At(ReadOnlySpan<byte> json, int offset, string message)
    {
        var before = json[..offset];
        return new JsonException(message, path: null, before.Count((byte)'\n'), offset - (before.LastIndexOf((byte)'\n') + 1));
    }
}
