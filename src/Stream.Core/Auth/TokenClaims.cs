namespace GetStream.Auth;

/// <summary>What a good token says.</summary>
public sealed record TokenClaims
{
    /// <summary>The user it speaks for; null in a server's token.</summary>
    public string? UserId { get; init; }

    /// <summary>Whether it speaks for the application's server: it says so, or names no user.</summary>
    public bool IsServer { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>When it stops being good.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>From when on it is good.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The calls, as <c>type:id</c>, a call token is for.</summary>
    public IReadOnlyList<string>? CallCids { get; init; }

    /// <summary>The role in those calls.</summary>
    public string? Role { get; init; }
}
