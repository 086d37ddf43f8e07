using StreamGateway.Errors;

namespace StreamGateway.Mirror;

/// <summary>From what went wrong between the gateway and Stream to a problem that says it.</summary>
internal static class MirrorProblems
{
    public static ProblemException From(HttpRequestException failure) =>
        new(ProblemTypes.CoordinatorUnreachable, Describe(failure.HttpRequestError), failure) { Stage = "coordinator" };

    /// <param name="defect">Completes the sentence.</param>
    public static ProblemException NotHttp(string defect) =>
        new(ProblemTypes.CoordinatorUnreachable, $"What Stream answered is not HTTP: {defect}.") { Stage = "coordinator" };

    private static string Describe(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "The name of Stream's host cannot be resolved.",
        HttpRequestError.ConnectionError => "No connection to Stream could be made.",
        HttpRequestError.SecureConnectionError => "No secure connection to Stream could be made.",
        HttpRequestError.ResponseEnded => "Stream closed the connection before its answer was complete.",
        HttpRequestError.InvalidResponse => "What Stream answered is not HTTP.",
        HttpRequestError.ConfigurationLimitExceeded => "The headers of Stream's answer are too large.",
        _ => "The connection to Stream broke before its answer came.",
    };
}
