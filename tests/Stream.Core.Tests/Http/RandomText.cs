using System.Text;

namespace GetStream.Tests.Http;

/// <summary>Texts made to break addresses: separators, escapes, dots, every plane of Unicode.</summary>
internal sealed class RandomText(Random random)
{
    private static readonly string[] s_pieces =
    [
        "/", "?", "#", "&", "=", "%", "%2F", "%2e", "+", " ", ".", "..", "../", ";", ",", ":", "@", "\\", "\"", "'", "<",
        "{", "}", "\n", "\t", "\0", "a", "Z", "9", "-", "_", "~", "ü", "ß", "\u00A0", "\u200B", "\u202E", "😀", "日本", "true", "null",
    ];

    public string Next()
    {
        var text = new StringBuilder();
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            _ = random.Next(4) is 0 ? text.Append(AnyRune()) : text.Append(s_pieces[random.Next(s_pieces.Length)]);
        }

        return text.ToString();
    }

    private Rune AnyRune()
    {
        int value;
        do
        {
            value = random.Next(0x110000);
        }
        while (!Rune.IsValid(value));

        return new Rune(value);
    }
}
