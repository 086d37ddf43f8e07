namespace GetStream.Auth;

/// <summary>What a user token says besides the user's id.</summary>
public sealed record UserTokenClaims
{
    /// <summary>How long from now the token is good; null for ever.</summary>
    public TimeSpan? ExpiresIn { get; init; }

    /// <summary>Makes it a call token: the calls, as <c>type:id</c>, in which <see cref="Role"/> applies.</summary>
    public IReadOnlyList<string>? CallCids { get; init; }

    /// <summary>The role the user has in those calls.</summary>
    public string? Role { get; init; }
}
