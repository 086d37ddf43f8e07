using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>Knows the configured keys by their hashes.</summary>
internal sealed class ApiKeyStore(IOptions<AuthOptions> options)
{
    private const string BearerPrefix = "Bearer ";

    private readonly FrozenDictionary<string, ClaimsPrincipal> _principals = options.Value.Keys.ToFrozenDictionary(
        HashOf,
        key => Principals.Create(key.Name, key.Scopes));

    // Keys that came and were good, so that each is hashed once: no more than there are keys. Strings are compared only where
    // their seeded hashes are equal already, so the time a look-up takes tells nothing of a key.
    private readonly ConcurrentDictionary<string, ClaimsPrincipal> _seen = new();

    /// <value>False on a gateway that has no keys and serves its own machine alone.</value>
    public bool HasKeys => _principals.Count > 0;

    /// <summary>Who sends a request, by the key in its headers; null with a reason, or with none where no key came.</summary>
    public ClaimsPrincipal? Identify(HttpRequest request, out string? refusal)
    {
        if (!HasKeys)
        {
            refusal = null;
            return Principals.Local;
        }

        var key = PresentedKey(request);
        var caller = key.Length > 0 ? Find(key) : null;
        refusal = caller is null && key.Length > 0 ? "The key is not known." : null;
        return caller;
    }

    /// <summary>What an entry of the settings is known by.</summary>
    public static string HashOf(ApiKeyOptions key) => key.Sha256?.ToLowerInvariant() ?? HashOf(key.Key!);

    private ClaimsPrincipal? Find(string key)
    {
        if (_seen.TryGetValue(key, out var seen))
        {
            return seen;
        }

        return _principals.TryGetValue(HashOf(key), out var caller) ? _seen.GetOrAdd(key, caller) : null;
    }

    private static string PresentedKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? header[BearerPrefix.Length..].Trim()
            : request.Headers["X-Api-Key"].ToString();
    }

    private static string HashOf(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
