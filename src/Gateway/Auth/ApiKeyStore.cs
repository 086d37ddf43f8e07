using System.Collections.Frozen;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>Knows the configured keys by their hashes; the keys themselves are not kept.</summary>
internal sealed class ApiKeyStore(IOptions<AuthOptions> options)
{
    private readonly FrozenDictionary<string, ClaimsPrincipal> _principals = options.Value.Keys.ToFrozenDictionary(
        key => key.Sha256?.ToLowerInvariant() ?? HashOf(key.Key!),
        key => Principals.Create(key.Name, key.Scopes));

    /// <value>False on a gateway that has no keys and serves its own machine alone.</value>
    public bool HasKeys => _principals.Count > 0;

    // A look-up by hash takes no time that depends on how much of the key is right.
    public ClaimsPrincipal? Find(string key) => _principals.GetValueOrDefault(HashOf(key));

    private static string HashOf(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
