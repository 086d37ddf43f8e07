using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>The application's settings: those that something here acts on.</summary>
internal sealed record AppState
{
    /// <summary>Where all events go; empty for nowhere.</summary>
    public string WebhookUrl { get; init; } = "";

    /// <summary>The event types that <see cref="WebhookUrl"/> gets; empty for all.</summary>
    public IReadOnlyList<string> WebhookEvents { get; init; } = [];

    /// <summary>Further places that events go to, each with its own choice.</summary>
    public IReadOnlyList<EventHook> EventHooks { get; init; } = [];

    /// <summary>Users' tokens issued earlier, or at a time they do not tell, are refused.</summary>
    public DateTimeOffset? RevokeTokensIssuedBefore { get; init; }

    public bool GuestUserCreationDisabled { get; init; }

    /// <summary>Within what no two users have the same name: <c>no</c>, <c>app</c> or <c>team</c>.</summary>
    public string EnforceUniqueUsernames { get; init; } = "no";

    /// <summary>Roles whose users may not query users.</summary>
    public IReadOnlyList<string> UserSearchDisallowedRoles { get; init; } = [];
}
