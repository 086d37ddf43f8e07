using System.Net;
using System.Text;
using System.Text.Unicode;

namespace StreamGateway.Mirror;

/// <summary>A request target as it came on the wire: nothing of it is decoded or normalized.</summary>
/// <param name="Path">The path, with its leading slash.</param>
/// <param name="Query">The query without its question mark; empty where there is none.</param>
internal readonly record struct MirrorTarget(string Path, string Query)
{
    /// <summary>What is encoded more often than this is meant to be read differently by different servers.</summary>
    private const int MostDecodings = 3;

    private static readonly UriCreationOptions s_asItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public static MirrorTarget Parse(string rawTarget)
    {
        var relative = rawTarget.StartsWith('/') ? rawTarget : WithoutAuthority(rawTarget);
        var mark = relative.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? new MirrorTarget(relative, "") : new MirrorTarget(relative[..mark], relative[(mark + 1)..]);
    }

    /// <value>
    /// A sentence on what some server on the way could take for another path than it is (RFC 3986, 5.2.4 and 7.3); null where
    /// there is nothing.
    /// </value>
    public string? Ambiguity
    {
        get
        {
            if (Path.Contains('#', StringComparison.Ordinal) || Query.Contains('#', StringComparison.Ordinal))
            {
                return "A request has no fragment: write '#' as %23.";
            }

            return Path.AsSpan().ContainsAny('%', '\\') || Path.Contains("/.", StringComparison.Ordinal) ? AmbiguityOf(Path) : null;
        }
    }

    /// <summary>The same path and query at Stream, with the application's key.</summary>
    /// <param name="baseAddress">Without a slash at its end.</param>
    /// <param name="apiKey">The pair of name and value, as the query has it.</param>
    public Uri At(string baseAddress, string apiKey)
    {
        var query = WithoutOwnParameters(Query);
        return new Uri(
            query.Length is 0 ? $"{baseAddress}{Path}?{apiKey}" : $"{baseAddress}{Path}?{query}&{apiKey}", s_asItIs);
    }

    private static string? AmbiguityOf(string path)
    {
        if (path.Contains('\\', StringComparison.Ordinal))
        {
            return "A path has no backslash: write it as %5C.";
        }

        if (!IsEncoded(path))
        {
            return "The path is not encoded as RFC 3986 has it, in UTF-8.";
        }

        for (var decodings = 0; decodings <= MostDecodings; decodings++)
        {
            if (path.Split('/', '\\').Any(IsDots))
            {
                return "A path segment is '.' or '..'.";
            }

            var decoded = Uri.UnescapeDataString(path);
            if (decoded == path)
            {
                return null;
            }

            path = decoded;
        }

        return "The path is encoded again and again.";
    }

    /// <summary>Some servers take what follows a semicolon for a parameter, and off.</summary>
    private static bool IsDots(string segment) => segment.Split(';', 2)[0] is "." or "..";

    /// <summary>Whether each percent sign begins a byte, and the bytes are text: overlong forms hide dots and slashes.</summary>
    private static bool IsEncoded(string path)
    {
        for (var at = path.IndexOf('%', StringComparison.Ordinal); at >= 0; at = path.IndexOf('%', at + 1))
        {
            if (at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            {
                return false;
            }
        }

        var bytes = Encoding.ASCII.GetBytes(path);
        return Utf8.IsValid(WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length));
    }

    /// <summary>Clients that take us for their proxy send whole addresses (RFC 9112, 3.2.2).</summary>
    private static string WithoutAuthority(string address)
    {
        var authority = address.IndexOf("://", StringComparison.Ordinal) + 3;
        var path = address.AsSpan(authority).IndexOfAny('/', '?', '#');
        return path < 0 ? "/" : address[(authority + path)..];
    }

    private static string WithoutOwnParameters(string query) =>
        query.Contains("api", StringComparison.Ordinal) || query.Contains("ticket", StringComparison.Ordinal) || query.Contains('%')
            ? string.Join('&', query.Split('&').Where(pair => !IsOwn(pair)))
            : query;

    /// <summary>Only the gateway itself reads or sets these.</summary>
    private static bool IsOwn(string pair)
    {
        var name = pair.Split('=', 2)[0];
        return (name.Contains('%') ? Uri.UnescapeDataString(name) : name) is "api_key" or "ticket";
    }
}
