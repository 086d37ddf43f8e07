using System.Diagnostics;

namespace StreamGateway.Errors;

/// <summary>What links an answer, the log and the client's own trace.</summary>
internal static class TraceId
{
    /// <summary>The trace's id where one is kept or the client sent one (W3C Trace Context), or else the request's.</summary>
    public static string Of(HttpContext context)
    {
        if (Activity.Current is { } activity)
        {
            return activity.TraceId.ToHexString();
        }

        return ActivityContext.TryParse(context.Request.Headers.TraceParent, traceState: null, out var parent)
            ? parent.TraceId.ToHexString()
            : context.TraceIdentifier;
    }
}
