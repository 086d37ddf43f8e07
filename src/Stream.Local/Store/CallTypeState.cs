using System.Collections.Immutable;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>What calls of a type start with, and what each role may do in them.</summary>
internal sealed record CallTypeState
{
    public required string Name { get; init; }

    public required CallSettingsResponse Settings { get; init; }

    public required NotificationSettingsResponse NotificationSettings { get; init; }

    /// <summary>Capabilities by role.</summary>
    public required ImmutableDictionary<string, ImmutableSortedSet<string>> Grants { get; init; }

    public string? ExternalStorage { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}
