namespace GetStream.Local.Auth;

/// <summary>Who makes a request, as its token proves it.</summary>
internal sealed record Caller
{
    public const string AnonymousId = "!anon";

    public static Caller Server { get; } = new() { UserId = null, IsServer = true };

    /// <summary>Null for a server token that acts for no user.</summary>
    public required string? UserId { get; init; }

    /// <summary>Holds the API secret: may do everything, for everyone.</summary>
    public bool IsServer { get; init; }

    public bool IsAnonymous => UserId == AnonymousId;

    /// <summary>
    /// Role the token grants on top of the user's own, within <see cref="CallCids"/> when there are any.
    /// </summary>
    public string? TokenRole { get; init; }

    /// <summary>When not empty, the only calls this token opens.</summary>
    public IReadOnlySet<string> CallCids { get; init; } = new HashSet<string>();
}
