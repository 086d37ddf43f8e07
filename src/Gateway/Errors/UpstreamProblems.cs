using System.Text.Json;
using GetStream;

namespace StreamGateway.Errors;

/// <summary>From failures of Stream's REST API to problems.</summary>
internal static class UpstreamProblems
{
    public static ProblemException From(StreamApiException failure) =>
        new(TypeOf(failure), failure.Message, failure)
        {
            Stage = "coordinator",
            RetryAfter = failure.RetryAfter,
            Stream = failure.Status is null
                ? null
                : new UpstreamProblem(
                    failure.Status, failure.Code, failure.Error?.Message,
                    failure.Error is { Details.Count: > 0 } error ? JsonSerializer.Serialize(error.Details) : null,
                    failure.Error?.MoreInfo),
        };

    private static ProblemType TypeOf(StreamApiException failure) => failure switch
    {
        { Kind: StreamErrorKind.Timeout } => ProblemTypes.DeadlineExceeded,
        { Kind: StreamErrorKind.Transport } => ProblemTypes.CoordinatorUnreachable,
        { Status: 401 } => ProblemTypes.TokenInvalid,
        { Status: 403 } => ProblemTypes.PermissionDenied,
        { Status: 429 } => ProblemTypes.UpstreamRateLimited,
        _ => ProblemTypes.UpstreamFailed,
    };
}
