using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace StreamGateway.Mirror;

/// <summary>Carries headers across, without those that are about one connection or about the gateway itself.</summary>
internal static class MirrorHeaders
{
    /// <summary>RFC 9110, 7.6.1, and what belongs to HTTP's framing.</summary>
    private static readonly FrozenSet<string> HopByHop = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Proxy-Authenticate", "Proxy-Authorization");

    /// <summary>What the gateway sets anew or keeps to itself.</summary>
    private static readonly FrozenSet<string> Own = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Host", "Authorization", "X-Api-Key", "Cookie", "Expect", "Content-Length", "stream-auth-type", "api_key");

    public static void CopyTo(HttpRequestMessage message, IHeaderDictionary headers)
    {
        foreach (var (name, values) in headers)
        {
            if (name.StartsWith(':') || HopByHop.Contains(name) || Own.Contains(name) || IsNamedBy(headers.Connection, name))
            {
                continue;
            }

            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }
    }

    public static void CopyTo(HttpResponse response, HttpResponseMessage message)
    {
        Copy(message.Headers.NonValidated, message.Headers.NonValidated, response.Headers);
        Copy(message.Content.Headers.NonValidated, message.Headers.NonValidated, response.Headers);
    }

    private static void Copy(HttpHeadersNonValidated from, HttpHeadersNonValidated connection, IHeaderDictionary to)
    {
        var named = connection.TryGetValues("Connection", out var values)
            ? new StringValues([.. values])
            : StringValues.Empty;
        foreach (var (name, value) in from)
        {
            if (!HopByHop.Contains(name) && !IsNamedBy(named, name))
            {
                to.Append(name, value.Count is 1 ? value.ToString() : new StringValues([.. value]));
            }
        }
    }

    /// <summary>A header that Connection names is about that connection as well.</summary>
    private static bool IsNamedBy(StringValues connection, string name)
    {
        if (connection.Count is 0)
        {
            return false;
        }

        return connection
            .SelectMany(value => value?.Split(',', StringSplitOptions.TrimEntries) ?? [])
            .Contains(name, StringComparer.OrdinalIgnoreCase);
    }
}
