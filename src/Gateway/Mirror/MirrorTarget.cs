namespace StreamGateway.Mirror;

/// <summary>A request target as it came on the wire: nothing of it is decoded or normalized.</summary>
/// <param name="Path">The path, with its leading slash.</param>
/// <param name="Query">The query without its question mark; empty where there is none.</param>
internal readonly record struct MirrorTarget(string Path, string Query)
{
    /// <summary>Parameters that only the gateway itself reads or sets.</summary>
    private static readonly string[] OwnParameters = ["api_key", "ticket"];

    public static MirrorTarget Parse(string rawTarget)
    {
        var mark = rawTarget.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? new MirrorTarget(rawTarget, "") : new MirrorTarget(rawTarget[..mark], rawTarget[(mark + 1)..]);
    }

    /// <value>Whether some server on the way could take the path for another one (RFC 3986, 5.2.4).</value>
    public bool HasDotSegments => Path
        .Split('/')
        .Any(segment => segment.Contains('.') || segment.Contains("%2e", StringComparison.OrdinalIgnoreCase)
            ? Uri.UnescapeDataString(segment) is "." or ".."
            : false);

    /// <summary>The same path and query at Stream, with the application's key.</summary>
    public Uri At(string baseAddress, string apiKey)
    {
        var kept = Query.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(pair => !OwnParameters.Contains(pair.Split('=', 2)[0]))
            .Append("api_key=" + Uri.EscapeDataString(apiKey));
        return new Uri(
            $"{baseAddress}{Path}?{string.Join('&', kept)}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }
}
