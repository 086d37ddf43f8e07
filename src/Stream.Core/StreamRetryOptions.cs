namespace GetStream;

/// <summary>
/// How failed calls are repeated. Only GET, PUT and DELETE are ever repeated, and only after a rate limit (429) or a
/// broken connection: a POST that may have been carried out is never sent twice.
/// </summary>
public sealed record StreamRetryOptions
{
    /// <summary>Tries altogether, the first included; 2 to 10.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The upper end of the first random wait; it doubles with each try.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait. A rate limit that lasts longer is answered at once instead of waited for.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">A value cannot work; the message names it.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxAttempts, 10);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(BaseDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDelay, BaseDelay);
    }
}
