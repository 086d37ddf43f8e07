using System.Collections.Immutable;
using System.Text.Json.Nodes;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>An account. Immutable: a change is a new value in <see cref="StateStore"/>.</summary>
internal sealed record UserState
{
    public required string Id { get; init; }

    public string? Name { get; init; }

    public string? Image { get; init; }

    public string Role { get; init; } = Roles.User;

    public string Language { get; init; } = "";

    public JsonObject Custom { get; init; } = [];

    public IReadOnlyList<string> Teams { get; init; } = [];

    public IReadOnlyDictionary<string, string>? TeamsRole { get; init; }

    public PrivacySettingsResponse? PrivacySettings { get; init; }

    public PushPreferencesResponse? PushPreferences { get; init; }

    public bool Invisible { get; init; }

    public bool Banned { get; init; }

    /// <summary>Whom this user blocked, and since when.</summary>
    public ImmutableDictionary<string, DateTimeOffset> Blocks { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? LastActive { get; init; }

    public DateTimeOffset? DeactivatedAt { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Tokens issued earlier, or at a time they do not tell, are refused.</summary>
    public DateTimeOffset? RevokeTokensIssuedBefore { get; init; }
}
