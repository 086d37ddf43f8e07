using System.Collections.Immutable;

namespace GetStream.Local.Store;

/// <summary>Users that are named together. Immutable: a change is a new value in <see cref="StateStore"/>.</summary>
internal sealed record UserGroupState
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public string? TeamId { get; init; }

    public string? CreatedById { get; init; }

    /// <summary>By user id.</summary>
    public ImmutableDictionary<string, GroupMembership> Members { get; init; } =
        ImmutableDictionary<string, GroupMembership>.Empty;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}

internal sealed record GroupMembership(bool IsAdmin, DateTimeOffset CreatedAt);
