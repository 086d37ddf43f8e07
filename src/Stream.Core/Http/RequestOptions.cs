namespace GetStream.Http;

/// <summary>What differs for one call of an operation; null means as the client is set.</summary>
public sealed record RequestOptions
{
    /// <summary>Acts as the bearer of this token, for instance as a user, instead of as the server.</summary>
    public string? Token { get; init; }

    /// <summary>How long the whole call may take, retries included.</summary>
    public TimeSpan? Timeout { get; init; }
}
