namespace StreamGateway.Mirror;

/// <summary>A request target as it came on the wire: nothing of it is decoded or normalized.</summary>
/// <param name="Path">The path, with its leading slash.</param>
/// <param name="Query">The query without its question mark; empty where there is none.</param>
internal readonly record struct MirrorTarget(string Path, string Query)
{
    private static readonly UriCreationOptions s_asItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public static MirrorTarget Parse(string rawTarget)
    {
        var relative = rawTarget.StartsWith('/') ? rawTarget : WithoutAuthority(rawTarget);
        var mark = relative.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? new MirrorTarget(relative, "") : new MirrorTarget(relative[..mark], relative[(mark + 1)..]);
    }

    /// <value>Whether some server on the way could take the path for another one (RFC 3986, 5.2.4).</value>
    public bool HasDotSegments =>
        (Path.Contains("/.", StringComparison.Ordinal) || Path.Contains("/%2", StringComparison.Ordinal))
        && Path.Split('/').Any(segment => Uri.UnescapeDataString(segment) is "." or "..");

    /// <summary>The same path and query at Stream, with the application's key.</summary>
    /// <param name="baseAddress">Without a slash at its end.</param>
    /// <param name="apiKey">The pair of name and value, as the query has it.</param>
    public Uri At(string baseAddress, string apiKey)
    {
        var query = WithoutOwnParameters(Query);
        return new Uri(
            query.Length is 0 ? $"{baseAddress}{Path}?{apiKey}" : $"{baseAddress}{Path}?{query}&{apiKey}", s_asItIs);
    }

    /// <summary>Clients that take us for their proxy send whole addresses (RFC 9112, 3.2.2).</summary>
    private static string WithoutAuthority(string address)
    {
        var authority = address.IndexOf("://", StringComparison.Ordinal) + 3;
        var path = address.IndexOf('/', authority);
        return path < 0 ? "/" : address[path..];
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
