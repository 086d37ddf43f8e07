using System.Text.RegularExpressions;
using GetStream;
using Microsoft.AspNetCore.Connections;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Errors;

/// <summary>The one table from exceptions to problems.</summary>
internal static partial class ExceptionProblems
{
    public static ProblemException From(Exception exception) => exception switch
    {
        ProblemException problem => problem,
        RtcException rtc => RtcProblems.From(rtc),
        StreamApiException stream => UpstreamProblems.From(stream),
        BadHttpRequestException { StatusCode: 413 } tooLarge => new(ProblemTypes.BodyTooLarge, tooLarge.Message),
        BadHttpRequestException { StatusCode: 408 } tooSlow => new(ProblemTypes.RequestTimeout, tooSlow.Message),
        BadHttpRequestException bad => FromBadRequest(bad),
        ConnectionResetException or OperationCanceledException =>
            new(ProblemTypes.Cancelled, "The request was cancelled.", exception),
        _ => new(ProblemTypes.Internal, "Something went wrong inside the gateway.", exception),
    };

    /// <summary>Query and route values that are not of their type; the framework's message names the parameter.</summary>
    private static ProblemException FromBadRequest(BadHttpRequestException bad)
    {
        var match = BindingFailure().Match(bad.Message);
        if (!match.Success)
        {
            return new ProblemException(ProblemTypes.InvalidRequest, bad.Message, bad);
        }

        var field = match.Groups["name"].Value;
        return new ProblemException(ProblemTypes.InvalidRequest, $"`{field}` is not usable.", bad)
        {
            Errors = new Dictionary<string, string[]> { [field] = ["is not usable"] },
        };
    }

    [GeneratedRegex("""^Failed to bind parameter "[^"]* (?<name>\w+)" from""")]
    private static partial Regex BindingFailure();
}
