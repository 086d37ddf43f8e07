using System.Security.Claims;

namespace StreamGateway.Auth;

internal static class Principals
{
    /// <summary>The caller of a gateway without keys.</summary>
    public static readonly ClaimsPrincipal Local = Create("local", Scopes.All);

    public static ClaimsPrincipal Create(string name, IEnumerable<string> scopes)
    {
        var claims = scopes.Select(scope => new Claim(Scopes.ClaimType, scope)).Append(new Claim(ClaimTypes.Name, name));
        return new ClaimsPrincipal(new ClaimsIdentity(claims, ApiKeyHandler.Scheme));
    }

    public static bool MayUse(this ClaimsPrincipal caller, string scope) =>
        caller.HasClaim(Scopes.ClaimType, scope) || caller.HasClaim(Scopes.ClaimType, Scopes.Admin);

    public static string NameOf(this ClaimsPrincipal caller) => caller.FindFirstValue(ClaimTypes.Name) ?? "";
}
