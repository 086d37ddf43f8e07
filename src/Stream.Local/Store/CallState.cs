using System.Collections.Immutable;
using System.Text.Json.Nodes;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>The state of a call. Immutable: a change is a new value in <see cref="StateStore"/>.</summary>
internal sealed record CallState
{
    public required string Type { get; init; }

    public required string Id { get; init; }

    public string Cid => $"{Type}:{Id}";

    public required string CreatedById { get; init; }

    public string? Team { get; init; }

    public string? ChannelCid { get; init; }

    public JsonObject Custom { get; init; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Closed to those who may not join backstage, until it goes live.</summary>
    public bool Backstage { get; init; }

    /// <summary>The call type's settings with the call's own on top.</summary>
    public required CallSettingsResponse Settings { get; init; }

    public ImmutableDictionary<string, CallMemberState> Members { get; init; } =
        ImmutableDictionary<string, CallMemberState>.Empty;

    public ImmutableHashSet<string> BlockedUserIds { get; init; } = [];

    /// <summary>What hosts granted to or took from single users, by user id.</summary>
    public ImmutableDictionary<string, UserGrants> Grants { get; init; } =
        ImmutableDictionary<string, UserGrants>.Empty;

    public ImmutableHashSet<CallPin> Pins { get; init; } = [];

    /// <summary>The running or, after its end, the latest session.</summary>
    public CallSessionState? Session { get; init; }

    public CallSessionState? RunningSession => Session is { EndedAt: null } ? Session : null;
}

internal sealed record CallMemberState
{
    public required string UserId { get; init; }

    public string Role { get; init; } = Roles.User;

    public JsonObject Custom { get; init; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}

internal sealed record UserGrants(ImmutableHashSet<string> Granted, ImmutableHashSet<string> Revoked)
{
    public static UserGrants None { get; } = new([], []);
}

internal sealed record CallPin(string UserId, string ParticipantSessionId);
