using System.Globalization;
using System.Text;

namespace GetStream.Local.Logging;

/// <summary>What ends a line or steers a terminal.</summary>
internal static class ControlCharacters
{
    public static bool Any(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text.Any(Is);

    public static string WrittenOut(string text)
    {
        if (!Any(text))
            return text;
        var written = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => written.Append("\\n"),
                '\r' => written.Append("\\r"),
                '\t' => written.Append("\\t"),
                _ when Is(character) => written.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}"),
                _ => written.Append(character),
            };
        }

        return written.ToString();
    }

    /// <summary>Formats are among them because some turn around the order in which a line is read.</summary>
    private static bool Is(char character) => char.GetUnicodeCategory(character) is
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Format;
}
