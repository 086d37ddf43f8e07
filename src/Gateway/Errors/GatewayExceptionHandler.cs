using Microsoft.AspNetCore.Diagnostics;

namespace StreamGateway.Errors;

/// <summary>Turns every exception that leaves an endpoint into a problem of the published list.</summary>
internal sealed partial class GatewayExceptionHandler(ILogger<GatewayExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return true; // nobody is left to read an answer
        }

        var problem = ExceptionProblems.From(exception);
        if (problem.Type == ProblemTypes.Internal)
        {
            LogDefect(exception, context.Request.Method, context.Request.Path, TraceId.Of(context));
        }

        await ProblemWriter.WriteAsync(context, problem);
        return true;
    }

    [LoggerMessage(7101, LogLevel.Error, "{Method} {Path} failed unexpectedly (trace {TraceId})")]
    private partial void LogDefect(Exception exception, string method, string path, string traceId);
}
