using System.Diagnostics;
using Microsoft.Extensions.Options;
using StreamGateway.Errors;

namespace StreamGateway.Server;

/// <summary>Logs one line for each request when it is over. Queries stay out: they may hold tickets and tokens.</summary>
internal sealed partial class RequestLog(RequestDelegate next, ILogger<RequestLog> logger)
{
    private const int LongestPath = 200;

    public async Task InvokeAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        // As on the wire: what is decoded may hold line breaks.
        var path = context.Request.Path.ToUriComponent();
        try
        {
            await next(context);
        }
        finally
        {
            var route = (context.GetMatchedEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "no route";
            LogRequest(
                context.Request.Method, path.Length > LongestPath ? path[..LongestPath] : path, route,
                context.Response.StatusCode, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    [LoggerMessage(7011, LogLevel.Information, "{Method} {Path} ({Route}) answered {Status} in {Elapsed:0.0} ms")]
    private partial void LogRequest(string method, string path, string route, int status, double elapsed);

    /// <summary>Puts the log around everything else where the settings want it; elsewhere it costs nothing.</summary>
    internal sealed class Filter(IOptions<ServerOptions> options) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            if (options.Value.LogRequests)
            {
                app.UseMiddleware<RequestLog>();
            }

            next(app);
        };
    }
}
