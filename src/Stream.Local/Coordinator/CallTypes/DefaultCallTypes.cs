using System.Collections.Immutable;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.CallTypes;

/// <summary>The call types every Stream application starts with.</summary>
internal static class DefaultCallTypes
{
    public const string Default = "default";
    public const string AudioRoom = "audio_room";
    public const string Livestream = "livestream";
    public const string Development = "development";

    private const string AudioRoomSettings = """
        {
          "backstage": { "enabled": true },
          "video": { "enabled": false, "camera_default_on": false },
          "screensharing": { "enabled": false }
        }
        """;

    private const string LivestreamSettings = """
        {
          "backstage": { "enabled": true },
          "audio": { "mic_default_on": false },
          "video": { "camera_default_on": false }
        }
        """;

    /// <summary>Creators hold the role host in their call.</summary>
    private static readonly ImmutableDictionary<string, ImmutableSortedSet<string>> s_managers =
        ImmutableDictionary<string, ImmutableSortedSet<string>>.Empty
            .Add(Roles.Admin, Capabilities.All)
            .Add(Roles.Host, Capabilities.All)
            .Add(Roles.Moderator, Capabilities.Moderate.Add(Capabilities.CreateCall));

    /// <summary>What roles may do in calls of a type that says nothing of them.</summary>
    public static readonly ImmutableDictionary<string, ImmutableSortedSet<string>> DefaultGrants = s_managers
        .Add(Roles.User, Capabilities.Talk.Add(Capabilities.CreateCall))
        .Add(Roles.CallMember, Capabilities.Talk)
        .Add(Roles.Guest, Capabilities.Talk)
        .Add(Roles.Anonymous, Capabilities.None);

    public static IReadOnlyList<string> Names { get; } = [Default, AudioRoom, Livestream, Development];

    public static IEnumerable<CallTypeState> Create(DateTimeOffset now) =>
    [
        New(Default, now, CallSettingsRules.Create(), DefaultGrants),
        New(AudioRoom, now, CallSettingsRules.Create(AudioRoomSettings), s_managers
            .Add(Roles.User, Capabilities.React.Add(Capabilities.CreateCall))
            .Add(Roles.CallMember, Capabilities.React)
            .Add(Roles.Speaker, Capabilities.React.Union([Capabilities.SendAudio, Capabilities.JoinBackstage]))
            .Add(Roles.Guest, Capabilities.React)
            .Add(Roles.Anonymous, Capabilities.Watch)),
        New(Livestream, now, CallSettingsRules.Create(LivestreamSettings), s_managers
            .Add(Roles.User, Capabilities.React.Add(Capabilities.CreateCall))
            .Add(Roles.CallMember, Capabilities.React)
            .Add(Roles.Guest, Capabilities.React)
            .Add(Roles.Anonymous, Capabilities.Watch)),
        New(Development, now, CallSettingsRules.Create(), s_managers
            .Add(Roles.User, Capabilities.All)
            .Add(Roles.CallMember, Capabilities.All)
            .Add(Roles.Guest, Capabilities.All)
            .Add(Roles.Anonymous, Capabilities.Watch)),
    ];

    private static CallTypeState New(
        string name, DateTimeOffset now, CallSettingsResponse settings,
        ImmutableDictionary<string, ImmutableSortedSet<string>> grants) => new()
        {
            Name = name,
            Settings = settings,
            NotificationSettings = CallNotifications.Create(),
            Grants = grants,
            CreatedAt = now,
            UpdatedAt = now,
        };
}
