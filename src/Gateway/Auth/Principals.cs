using System.Security.Claims;

namespace StreamGateway.Auth;

internal static class Principals
{
    private const string OwnerClaim = "owner";

    /// <summary>The caller of a gateway without keys; it owns nothing and sees all.</summary>
    public static readonly ClaimsPrincipal Local = Create([new Claim(ClaimTypes.Name, "local")], Scopes.All);

    /// <summary>Who holds a key. Keys of one name are one caller, so that a key can be replaced by another.</summary>
    public static ClaimsPrincipal Create(string name, IEnumerable<string> scopes) =>
        Create([new Claim(ClaimTypes.Name, name), new Claim(OwnerClaim, name)], scopes);

    public static bool MayUse(this ClaimsPrincipal caller, string scope) =>
        caller.HasClaim(Scopes.ClaimType, scope) || caller.HasClaim(Scopes.ClaimType, Scopes.Admin);

    public static string NameOf(this ClaimsPrincipal caller) => caller.FindFirstValue(ClaimTypes.Name) ?? "";

    /// <summary>To whom belongs what the caller makes; null for nobody.</summary>
    public static string? OwnerName(this ClaimsPrincipal caller) => caller.FindFirstValue(OwnerClaim);

    public static IEnumerable<string> ScopesOf(this ClaimsPrincipal caller) =>
        caller.FindAll(Scopes.ClaimType).Select(claim => claim.Value);

    private static ClaimsPrincipal Create(IEnumerable<Claim> who, IEnumerable<string> scopes) =>
        new(new ClaimsIdentity(who.Concat(scopes.Select(scope => new Claim(Scopes.ClaimType, scope))), ApiKeyHandler.Scheme));
}
