using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>Creates and changes users.</summary>
internal sealed class UserDirectory(StateStore store, TimeProvider clock)
{
    private const int MaxTeams = 250;
    private const int MaxUsersPerRequest = 100;

    /// <summary>Null for a user who does not exist or was deleted.</summary>
    public UserState? Find(string id) => store.Users.Find(id) is { DeletedAt: null } user ? user : null;

    /// <exception cref="ApiException">There is no such user.</exception>
    public UserState Get(string id) =>
        Find(id) ?? throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(id)}\" does not exist");

    /// <summary>All or none: a request that names one unknown user changes nobody.</summary>
    /// <exception cref="ApiException">No or too many ids, or one of nobody.</exception>
    public void RequireAll(IReadOnlyList<string> ids, int max = MaxUsersPerRequest)
    {
        CheckIds(ids, max);
        foreach (var id in ids)
            Get(id);
    }

    /// <exception cref="ApiException">No or too many ids.</exception>
    public static void CheckIds(IReadOnlyList<string> ids, int max = MaxUsersPerRequest)
    {
        if (ids.Count == 0)
            throw ApiException.InvalidField("user_ids", "must not be empty");
        Limits.Count(ids.Count, max, "user_ids");
    }

    public UserState GetOrCreate(string id, string role = Roles.User) =>
        Change(id, user => user ?? New(id) with { Role = role });

    /// <summary>Replaces what a server may set; what the request leaves out goes back to its default.</summary>
    public Func<UserState?, UserState> Replacement(UserRequest request) => user =>
        (user ?? New(request.Id)) with
        {
            Name = request.Name,
            Image = request.Image,
            Custom = request.Custom ?? [],
            Language = request.Language ?? "",
            Invisible = request.Invisible ?? false,
            PrivacySettings = request.PrivacySettings,
            Role = request.Role ?? user?.Role ?? Roles.User,
            Teams = request.Teams ?? [],
            TeamsRole = request.TeamsRole,
            UpdatedAt = clock.GetUtcNow(),
        };

    /// <summary>Creates a user or sets what the request names; what it leaves out stays.</summary>
    public UserState Merge(UserRequest request) => Change(request.Id, user =>
    {
        user ??= New(request.Id);
        return user with
        {
            Name = request.Name ?? user.Name,
            Image = request.Image ?? user.Image,
            Custom = request.Custom ?? user.Custom,
            Role = request.Role ?? user.Role,
            Language = request.Language ?? user.Language,
            Teams = request.Teams ?? user.Teams,
            TeamsRole = request.TeamsRole ?? user.TeamsRole,
            UpdatedAt = clock.GetUtcNow(),
        };
    });

    /// <summary>Takes over what a user tells about itself when it connects; what it leaves out stays.</summary>
    public UserState Connect(ConnectUserDetailsRequest details)
    {
        var now = clock.GetUtcNow();
        return Change(details.Id, user => (user ?? New(details.Id)) with
        {
            Name = details.Name ?? user?.Name,
            Image = details.Image ?? user?.Image,
            Custom = details.Custom ?? user?.Custom ?? [],
            Language = details.Language ?? user?.Language ?? "",
            Invisible = details.Invisible ?? user?.Invisible ?? false,
            PrivacySettings = details.PrivacySettings ?? user?.PrivacySettings,
            LastActive = now,
            UpdatedAt = now,
        });
    }

    /// <summary>Notes that a user was here until now.</summary>
    public void Touch(string id) =>
        store.Users.Update(id, user => user is null ? null : user with { LastActive = clock.GetUtcNow() });

    /// <summary>Creates or, once deleted, creates anew.</summary>
    public UserState Change(string id, Func<UserState?, UserState> change)
    {
        Limits.UserId(id, "user id");
        return store.Users.Update(id, user => Changed(user, change))!;
    }

    /// <summary>
    /// Changes several users, in this order. All are checked before the first is changed, so that a request that is refused
    /// has done nothing.
    /// </summary>
    /// <exception cref="ApiException">A user is named twice, or one of the changes is refused.</exception>
    public IReadOnlyList<UserState> Change(IReadOnlyList<(string Id, Func<UserState?, UserState> Change)> changes)
    {
        if (changes.GroupBy(user => user.Id).FirstOrDefault(same => same.Skip(1).Any()) is { } twice)
            throw ApiException.Input($"user with id \"{Shortened.Text(twice.Key)}\" is named twice");
        foreach (var (id, change) in changes)
        {
            Limits.UserId(id, "user id");
            Changed(store.Users.Find(id), change);
        }

        return [.. changes.Select(user => Change(user.Id, user.Change))];
    }

    /// <exception cref="ApiException">There is no such user.</exception>
    public UserState ChangeExisting(string id, Func<UserState, UserState> change) => Change(id, OfExisting(id, change));

    /// <summary>A change that is refused where there is no such user.</summary>
    public Func<UserState?, UserState> OfExisting(string id, Func<UserState, UserState> change) => user => user is null
        ? throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(id)}\" does not exist")
        : change(user) with { UpdatedAt = clock.GetUtcNow() };

    public UserState New(string id)
    {
        var now = clock.GetUtcNow();
        return new UserState { Id = id, CreatedAt = now, UpdatedAt = now };
    }

    private UserState Changed(UserState? user, Func<UserState?, UserState> change)
    {
        var present = user is { DeletedAt: null } ? user : null;
        var changed = change(present);
        if (ReferenceEquals(changed, present))
            return changed;
        Check(changed);
        if (changed.Name != present?.Name)
            RequireFreeName(changed);
        if (changed.Role != present?.Role)
            RequireKnownRole(changed.Role);
        return changed;
    }

    private void RequireKnownRole(string role)
    {
        if (!Roles.BuiltIn.Contains(role) && store.Roles.Find(role) is null)
            throw ApiException.Input($"role \"{Shortened.Text(role)}\" is not defined");
    }

    /// <summary>When the application wants names to tell users apart.</summary>
    private void RequireFreeName(UserState user)
    {
        var scope = store.App.EnforceUniqueUsernames;
        if (scope == "no" || string.IsNullOrEmpty(user.Name))
            return;
        var taken = store.Users.Rows.Any(other =>
            other.Id != user.Id && other.DeletedAt is null && other.Name == user.Name
            && (scope == "app" || other.Teams.Intersect(user.Teams).Any()));
        if (taken)
            throw ApiException.DuplicateName(user.Name);
    }

    /// <exception cref="ApiException">A field is longer, or has more entries, than a user may have.</exception>
    public static void Check(UserState user)
    {
        Limits.UserId(user.Id, "user id");
        Limits.Custom(user.Custom, Limits.MaxCustomBytes);
        Limits.OptionalLength(user.Name, Limits.MaxNameLength, "name");
        Limits.OptionalLength(user.Image, Limits.MaxUrlLength, "image");
        Limits.OptionalLength(user.Language, Limits.MaxShortLength, "language");
        Limits.Length(user.Role, Limits.MaxCallIdLength, "role");
        Limits.Count(user.Teams.Count, MaxTeams, "teams");
        Limits.Count(user.TeamsRole?.Count ?? 0, MaxTeams, "teams_role");
        foreach (var team in user.Teams.Concat(user.TeamsRole?.Keys ?? []).Concat(user.TeamsRole?.Values ?? []))
            Limits.Length(team, Limits.MaxShortLength, "teams");
    }
}
