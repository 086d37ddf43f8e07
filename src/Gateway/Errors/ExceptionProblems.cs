using GetStream;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Errors;

/// <summary>The one table from exceptions to problems.</summary>
internal static class ExceptionProblems
{
    public static ProblemException From(Exception exception) => exception switch
    {
        ProblemException problem => problem,
        RtcException rtc => RtcProblems.From(rtc),
        StreamApiException stream => UpstreamProblems.From(stream),
        BadHttpRequestException { StatusCode: 413 } tooLarge => new(ProblemTypes.BodyTooLarge, tooLarge.Message),
        BadHttpRequestException bad => new(ProblemTypes.InvalidRequest, bad.Message),
        _ => new(ProblemTypes.Internal, "Something went wrong inside the gateway.", exception),
    };
}
