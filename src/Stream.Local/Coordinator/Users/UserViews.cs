using GetStream.Local.Auth;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Shows users in the several shapes the API has for them.</summary>
internal sealed class UserViews(StateStore store, ConnectionHub hub)
{
    /// <summary>Also answers for users who are gone, so that what mentions them stays whole.</summary>
    public UserResponse Response(string userId) => Response(store.Users.Find(userId) ?? Gone(userId));

    public UserResponse Response(UserState user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Image = user.Image,
        Custom = user.Custom,
        Language = user.Language,
        Role = user.Role,
        Teams = user.Teams,
        TeamsRole = user.TeamsRole,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
        DeletedAt = user.DeletedAt,
        DeactivatedAt = user.DeactivatedAt,
        LastActive = user.LastActive,
        RevokeTokensIssuedBefore = user.RevokeTokensIssuedBefore,
        PrivacySettings = user.PrivacySettings,
        Banned = user.Banned,
        ShadowBanned = false,
        Online = IsOnline(user),
        Invisible = user.Invisible,
        BlockedUserIds = Blocked(user),
    };

    public FullUserResponse Full(UserState user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Image = user.Image,
        Custom = user.Custom,
        Language = user.Language,
        Role = user.Role,
        Teams = user.Teams,
        TeamsRole = user.TeamsRole,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
        DeletedAt = user.DeletedAt,
        DeactivatedAt = user.DeactivatedAt,
        LastActive = user.LastActive,
        RevokeTokensIssuedBefore = user.RevokeTokensIssuedBefore,
        PrivacySettings = user.PrivacySettings,
        Banned = user.Banned,
        ShadowBanned = false,
        Online = IsOnline(user),
        Invisible = user.Invisible,
        BlockedUserIds = Blocked(user),
        Devices = Devices(user.Id),
        Mutes = [],
        ChannelMutes = [],
        UnreadCount = 0,
        TotalUnreadCount = 0,
        UnreadChannels = 0,
        UnreadThreads = 0,
    };

    /// <summary>What a user sees of itself.</summary>
    public OwnUserResponse Own(UserState user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Image = user.Image,
        Custom = user.Custom,
        Language = user.Language,
        Role = user.Role,
        Teams = user.Teams,
        TeamsRole = user.TeamsRole,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
        DeletedAt = user.DeletedAt,
        DeactivatedAt = user.DeactivatedAt,
        LastActive = user.LastActive,
        RevokeTokensIssuedBefore = user.RevokeTokensIssuedBefore,
        PushPreferences = user.PushPreferences,
        PrivacySettings = user.PrivacySettings,
        Banned = user.Banned,
        Online = true,
        Invisible = user.Invisible,
        BlockedUserIds = Blocked(user),
        Devices = Devices(user.Id),
        Mutes = [],
        ChannelMutes = [],
        UnreadCount = 0,
        TotalUnreadCount = 0,
        UnreadChannels = 0,
        UnreadThreads = 0,
    };

    public UserResponseCommonFields Common(UserState user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Image = user.Image,
        Custom = user.Custom,
        Language = user.Language,
        Role = user.Role,
        Teams = user.Teams,
        TeamsRole = user.TeamsRole,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
        DeletedAt = user.DeletedAt,
        DeactivatedAt = user.DeactivatedAt,
        LastActive = user.LastActive,
        RevokeTokensIssuedBefore = user.RevokeTokensIssuedBefore,
        Banned = user.Banned,
        Online = IsOnline(user),
        BlockedUserIds = Blocked(user),
    };

    public UserResponsePrivacyFields Privacy(UserState user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Image = user.Image,
        Custom = user.Custom,
        Language = user.Language,
        Role = user.Role,
        Teams = user.Teams,
        TeamsRole = user.TeamsRole,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
        DeletedAt = user.DeletedAt,
        DeactivatedAt = user.DeactivatedAt,
        LastActive = user.LastActive,
        RevokeTokensIssuedBefore = user.RevokeTokensIssuedBefore,
        PrivacySettings = user.PrivacySettings,
        Banned = user.Banned,
        Online = IsOnline(user),
        Invisible = user.Invisible,
        BlockedUserIds = Blocked(user),
    };

    public IReadOnlyList<DeviceResponse> Devices(string userId) =>
    [
        .. store.Devices.Rows
            .Where(device => device.UserId == userId)
            .OrderBy(device => device.CreatedAt)
            .Select(Device),
    ];

    private static DeviceResponse Device(DeviceState device) => new()
    {
        Id = device.Id,
        UserId = device.UserId,
        PushProvider = device.PushProvider,
        PushProviderName = device.PushProviderName,
        HardwareId = device.HardwareId,
        Voip = device.Voip,
        CreatedAt = device.CreatedAt,
    };

    private static List<string> Blocked(UserState user) => [.. user.Blocks.Keys.Order(StringComparer.Ordinal)];

    private bool IsOnline(UserState user) => !user.Invisible && hub.IsOnline(user.Id);

    private static UserState Gone(string userId) => new()
    {
        Id = userId,
        Role = userId == Caller.AnonymousId ? Roles.Anonymous : Roles.User,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}
