using System.Text;

namespace GetStream.CodeGen;

/// <summary>Turns the names of the API into names of C#.</summary>
internal static class Naming
{
    /// <summary>Types whose name an everyday type of .NET already has.</summary>
    private static readonly Dictionary<string, string> s_types = new() { ["Action"] = "AttachmentAction" };

    private static readonly HashSet<string> s_keywords =
    [
        "as", "base", "bool", "case", "char", "class", "const", "default", "do", "event", "fixed", "for", "in", "int",
        "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out", "params", "ref", "short",
        "static", "string", "switch", "this", "true", "false",
    ];

    public static string Type(string name) => s_types.GetValueOrDefault(name, name);

    /// <summary><c>created_by</c> and <c>content-available</c> become <c>CreatedBy</c> and <c>ContentAvailable</c>.</summary>
    public static string Pascal(string name)
    {
        var text = new StringBuilder();
        var upper = true;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c))
            {
                upper = true;
                continue;
            }

            _ = text.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }

        return text.Length is 0 ? "Any" : char.IsAsciiDigit(text[0]) ? "V" + text : text.ToString();
    }

    /// <summary>A parameter name; words of the language get an @.</summary>
    public static string Camel(string name)
    {
        var pascal = Pascal(name);
        var camel = char.ToLowerInvariant(pascal[0]) + pascal[1..];
        return s_keywords.Contains(camel) ? "@" + camel : camel;
    }

    /// <summary>The words of a name: <c>GetOrCreateCall</c> and <c>get_or_create_call</c> are "get or create call".</summary>
    public static string Words(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (!char.IsAsciiLetterOrDigit(c))
            {
                _ = text.Append(' ');
                continue;
            }

            var startsWord = char.IsAsciiLetterUpper(c) && i > 0
                && (char.IsAsciiLetterLower(name[i - 1]) || (i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1])));
            _ = startsWord && text[^1] is not ' ' ? text.Append(' ') : text;
            var inAcronym = char.IsAsciiLetterUpper(c) && i + 1 < name.Length && char.IsAsciiLetterUpper(name[i + 1]);
            var endsAcronym = char.IsAsciiLetterUpper(c) && i > 0 && char.IsAsciiLetterUpper(name[i - 1]) && !startsWord;
            _ = text.Append(inAcronym || endsAcronym ? c : char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    public static string Sentence(string name)
    {
        var words = Words(name);
        return char.ToUpperInvariant(words[0]) + words[1..];
    }
}
