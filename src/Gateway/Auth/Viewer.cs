using System.Security.Claims;

namespace StreamGateway.Auth;

/// <summary>What of others a caller sees. Sessions, and what comes of them, belong to the key that made them.</summary>
/// <param name="Owner">The caller's name as an owner; null on a gateway without keys, where nothing belongs to anybody.</param>
/// <param name="SeesAll">Whether it sees what belongs to others, and to nobody.</param>
/// <param name="SeesApplication">Whether it sees what Stream tells of the application as a whole.</param>
internal readonly record struct Viewer(string? Owner, bool SeesAll, bool SeesApplication)
{
    public static Viewer Of(ClaimsPrincipal caller)
    {
        var isAdmin = caller.HasClaim(Scopes.ClaimType, Scopes.Admin);
        return new Viewer(caller.OwnerName(), isAdmin, isAdmin || caller.MayUse(Scopes.Rest));
    }

    public bool Sees(string? owner) => SeesAll || (owner is not null && owner == Owner);
}
