using System.Collections.Immutable;
using GetStream.Local.Auth;
using GetStream.Local.Errors;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator;

/// <summary>
/// Decides who may do what in a call: the call type's grants for each role a user has there, then single users' grants.
/// </summary>
internal sealed class CallPermissions(StateStore store)
{
    public ImmutableSortedSet<string> Of(Caller caller, CallState call)
    {
        if (caller.IsServer)
            return caller.UserId is null ? Capabilities.All : Of(caller.UserId, call, tokenRole: null);
        if (caller.CallCids.Count > 0 && !caller.CallCids.Contains(call.Cid))
            return Capabilities.None;
        return Of(caller.UserId!, call, caller.TokenRole);
    }

    public ImmutableSortedSet<string> Of(string userId, CallState call) => Of(userId, call, tokenRole: null);

    /// <summary>The capabilities of every role of the call's type.</summary>
    public Dictionary<string, IReadOnlyList<string>> ByRole(string callType) =>
        store.CallTypes.TryGet(callType, out var type)
            ? type.Grants.ToDictionary(grant => grant.Key, IReadOnlyList<string> (grant) => [.. grant.Value])
            : [];

    /// <exception cref="ApiException">The caller lacks the capability in the call.</exception>
    public void Require(Caller caller, CallState call, string capability, string operation)
    {
        // The holder of the secret may do everything, whomever it acts for.
        if (!caller.IsServer && !Of(caller, call).Contains(capability))
            throw Refuse(caller, operation, call.Type);
    }

    /// <summary>For a call that does not exist yet.</summary>
    /// <exception cref="ApiException">The caller's roles lack the capability in calls of the type.</exception>
    public void Require(Caller caller, CallTypeState type, string capability, string cid, string operation)
    {
        if (caller.IsServer)
            return;
        var opened = caller.CallCids.Count == 0 || caller.CallCids.Contains(cid);
        if (!opened || !Granted(type, AppRoles(caller.UserId!, caller.TokenRole)).Contains(capability))
            throw Refuse(caller, operation, type.Name);
    }

    /// <summary>The role a user shows in a call's session.</summary>
    public string RoleIn(string userId, CallState call) =>
        call.Members.TryGetValue(userId, out var member) && member.Role != Roles.User ? member.Role
        : store.Users.Find(userId)?.Role ?? (userId == Caller.AnonymousId ? Roles.Anonymous : Roles.User);

    private ImmutableSortedSet<string> Of(string userId, CallState call, string? tokenRole)
    {
        if (call.BlockedUserIds.Contains(userId) || !store.CallTypes.TryGet(call.Type, out var type))
            return Capabilities.None;
        var grants = call.Grants.GetValueOrDefault(userId, UserGrants.None);
        return Granted(type, AppRoles(userId, tokenRole).Concat(CallRoles(userId, call)))
            .Union(grants.Granted)
            .Except(grants.Revoked);
    }

    private IEnumerable<string> AppRoles(string userId, string? tokenRole)
    {
        yield return userId == Caller.AnonymousId ? Roles.Anonymous : store.Users.Find(userId)?.Role ?? Roles.User;
        if (tokenRole is not null)
            yield return tokenRole;
    }

    private static IEnumerable<string> CallRoles(string userId, CallState call)
    {
        if (call.CreatedById == userId)
            yield return Roles.Host;
        if (!call.Members.TryGetValue(userId, out var member))
            yield break;
        yield return Roles.CallMember;
        yield return member.Role;
    }

    private static ImmutableSortedSet<string> Granted(CallTypeState type, IEnumerable<string> roles) =>
        roles.Aggregate(
            Capabilities.None, (all, role) => all.Union(type.Grants.GetValueOrDefault(role, Capabilities.None)));

    private static ApiException Refuse(Caller caller, string operation, string callType) => ApiException.NotAllowed(
        $"User '{Shortened.Text(caller.UserId ?? "")}' is not allowed to perform action {operation}"
        + $" in scope 'video:{callType}'");
}
