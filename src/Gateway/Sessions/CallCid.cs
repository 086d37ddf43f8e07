using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using StreamGateway.Json;

namespace StreamGateway.Sessions;

/// <summary>A call's full name, <c>type:id</c>.</summary>
internal readonly partial record struct CallCid(string Type, string Id)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out CallCid? cid)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        cid = colon > 0 ? new CallCid(text[..colon], text[(colon + 1)..]) : null;
        if (cid is { IsValid: true })
        {
            return true;
        }

        cid = null;
        return false;
    }

    public bool IsValid => ValidType().IsMatch(Type) && ValidId().IsMatch(Id);

    public override string ToString() => $"{Type}:{Id}";

    [GeneratedRegex(Identifiers.CallTypePattern)]
    private static partial Regex ValidType();

    [GeneratedRegex(Identifiers.Pattern)]
    private static partial Regex ValidId();
}
