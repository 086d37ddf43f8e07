using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace StreamGateway.Mirror;

/// <summary>Carries headers across, without those that are about one connection or about the gateway itself.</summary>
internal static class MirrorHeaders
{
    /// <summary>RFC 9110, 7.6.1, and what belongs to HTTP's framing.</summary>
    private static readonly string[] s_hopByHop =
    [
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
        "Proxy-Authenticate", "Proxy-Authorization",
    ];

    /// <summary>Where Kestrel puts the Content-Length of a chunked body, which says nothing (RFC 9112, 6.3).</summary>
    private const string SetAside = "X-Content-Length";

    private static readonly HashSet<string> s_none = [];

    private static readonly FrozenSet<string> s_notFromStream = s_hopByHop.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Besides those, what the gateway sets anew or keeps to itself.</summary>
    private static readonly FrozenSet<string> s_notFromClient = s_hopByHop
        .Concat(
        [
            "Host", "Authorization", "X-Api-Key", "Cookie", "Expect", "Content-Length", "stream-auth-type", "api_key",
        ])
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void CopyTo(HttpRequestMessage message, IHeaderDictionary headers)
    {
        var named = NamedBy(headers.Connection);
        var isChunked = headers.TransferEncoding.Count > 0;
        foreach (var (name, values) in headers)
        {
            if (name.StartsWith(':') || s_notFromClient.Contains(name) || named.Contains(name)
                || (isChunked && name.Equals(SetAside, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (!TryAdd(message.Headers, name, values) && message.Content is { } content)
            {
                TryAdd(content.Headers, name, values);
            }
        }
    }

    public static void CopyTo(HttpResponse response, HttpResponseMessage message)
    {
        var headers = message.Headers.NonValidated;
        var named = headers.TryGetValues("Connection", out var connection) ? NamedBy(ToValues(connection)) : s_none;
        Copy(headers, named, response.Headers);
        Copy(message.Content.Headers.NonValidated, named, response.Headers);
        if (message.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent)
        {
            response.Headers.ContentLength = null; // what these never have (RFC 9110, 8.6)
        }
    }

    private static bool TryAdd(HttpHeaders headers, string name, StringValues values) => values.Count is 1
        ? headers.TryAddWithoutValidation(name, (string?)values)
        : headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);

    private static void Copy(HttpHeadersNonValidated from, HashSet<string> named, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (!s_notFromStream.Contains(name) && !named.Contains(name))
            {
                to[name] = ToValues(values);
            }
        }
    }

    private static StringValues ToValues(HeaderStringValues values) =>
        values.Count is 1 ? values.ToString() : new StringValues([.. values]);

    /// <summary>A header that Connection names is about that connection as well.</summary>
    private static HashSet<string> NamedBy(StringValues connection)
    {
        if (connection.Count is 0 || (string?)connection is "keep-alive" or "close")
        {
            return s_none;
        }

        return connection
            .SelectMany(value => value?.Split(',', StringSplitOptions.TrimEntries) ?? [])
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
    }
}
