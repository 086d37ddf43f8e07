using System.Text.Json.Nodes;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>Creates and changes users.</summary>
internal sealed class UserDirectory(StateStore store, TimeProvider clock)
{
    private const int MaxCustomBytes = 5 * 1024;

    /// <summary>Null for a user who does not exist or was deleted.</summary>
    public UserState? Find(string id) => store.Users.Find(id) is { DeletedAt: null } user ? user : null;

    /// <exception cref="ApiException">There is no such user.</exception>
    public UserState Get(string id) =>
        Find(id) ?? throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(id)}\" does not exist");

    public UserState GetOrCreate(string id, string role = Roles.User) => Change(id, user => user ?? New(id) with { Role = role });

    /// <summary>Replaces what a server may set; what the request leaves out goes back to its default.</summary>
    public UserState Replace(UserRequest request)
    {
        CheckCustom(request.Custom);
        return Change(request.Id, user => (user ?? New(request.Id)) with
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
        });
    }

    /// <summary>Takes over what a user tells about itself when it connects; what it leaves out stays.</summary>
    public UserState Connect(ConnectUserDetailsRequest details)
    {
        CheckCustom(details.Custom);
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
        return store.Users.Update(id, user => change(user is { DeletedAt: null } ? user : null))!;
    }

    /// <exception cref="ApiException">There is no such user.</exception>
    public UserState ChangeExisting(string id, Func<UserState, UserState> change) =>
        Change(id, user => user is null
            ? throw ApiException.DoesNotExist($"user with id \"{Shortened.Text(id)}\" does not exist")
            : change(user) with { UpdatedAt = clock.GetUtcNow() });

    public UserState New(string id)
    {
        var now = clock.GetUtcNow();
        return new UserState { Id = id, CreatedAt = now, UpdatedAt = now };
    }

    /// <exception cref="ApiException">More custom data than a user may have.</exception>
    public static void CheckCustom(JsonObject? custom)
    {
        if (custom is not null && custom.ToJsonString().Length > MaxCustomBytes)
            throw ApiException.InvalidField("custom", $"must be at most {MaxCustomBytes} bytes of JSON");
    }
}
