namespace GetStream.Local.Store;

/// <summary>Where push notifications of a user would go. Kept and listed; nothing is ever pushed.</summary>
internal sealed record DeviceState
{
    public required string Id { get; init; }

    public required string UserId { get; init; }

    public required string PushProvider { get; init; }

    public string? PushProviderName { get; init; }

    public string? HardwareId { get; init; }

    public bool? Voip { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
