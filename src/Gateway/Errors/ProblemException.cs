namespace StreamGateway.Errors;

/// <summary>Ends a request with a problem of the published list.</summary>
internal sealed class ProblemException(ProblemType type, string detail, Exception? inner = null)
    : Exception(detail, inner)
{
    public ProblemType Type { get; } = type;

    /// <value>The stage that failed, such as <c>coordinator</c> or <c>ice</c>.</value>
    public string? Stage { get; init; }

    /// <value>What Stream answered, when Stream is where it failed.</value>
    public UpstreamProblem? Stream { get; init; }

    /// <value>The bad fields of the request and what is wrong with each.</value>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>An error as Stream's API reported it.</summary>
internal sealed record UpstreamProblem(int? Status, int? Code, string? Message, string? Details, string? MoreInfo);
