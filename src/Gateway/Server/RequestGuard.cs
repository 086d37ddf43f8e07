using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Errors;

namespace StreamGateway.Server;

/// <summary>Refuses, before anything else looks at it, what a browser sends for a page that is not to use this gateway.</summary>
/// <remarks>
/// Without keys whoever reaches this machine is trusted, so pages of other origins are refused whatever they ask for, and so are
/// names of hosts that are not this machine's, which a page may have bound to its address. With keys a page has to have one;
/// only WebSockets, which browsers open to every origin, are refused to origins that are not allowed.
/// </remarks>
internal sealed class RequestGuard(RequestDelegate next, IOptions<ServerOptions> server, IOptions<AuthOptions> auth)
{
    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];

    private readonly IList<string> _allowed = server.Value.AllowedOrigins;
    private readonly bool _isOpen = auth.Value.Keys.Count == 0;

    public Task InvokeAsync(HttpContext context) =>
        Refuse(context) is { } refusal ? ProblemWriter.WriteAsync(context, refusal) : next(context);

    private ProblemException? Refuse(HttpContext context)
    {
        var request = context.Request;
        if (_isOpen && request.Host.HasValue && !LocalNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return new ProblemException(
                ProblemTypes.HostRefused, "Without keys only localhost, 127.0.0.1 and [::1] are served, whatever the port.");
        }

        if ((_isOpen || IsWebSocket(request)) && Origins.IsForeign(request, _allowed))
        {
            return new ProblemException(ProblemTypes.OriginRefused, "Pages of this origin may not use this gateway.");
        }

        return RequestAddress.IsUtf8(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget)
            ? null
            : new ProblemException(ProblemTypes.InvalidRequest, "The path or the query is not UTF-8.");
    }

    private static bool IsWebSocket(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase)
        || HttpMethods.IsConnect(request.Method);

    /// <summary>Puts the guard, and what tells browsers of allowed origins, around everything but the log.</summary>
    internal sealed class Filter(IOptions<ServerOptions> options) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            if (options.Value.AllowedOrigins.Count > 0)
            {
                app.UseCors();
            }

            app.UseMiddleware<RequestGuard>();
            next(app);
        };
    }
}
