using System.Net;
using GetStream.Local.Errors;
using Microsoft.AspNetCore.Http.Features;
using StreamGateway.Server;

namespace GetStream.Local.Http;

/// <summary>
/// Which pages may call. Browsers carry no cookies here, and every request has its own token; but guests need none, so a server
/// of this machine alone is there for pages of this machine, and for origins that are allowed by name.
/// </summary>
internal static class Browsers
{
    private const string Methods = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD";
    private const string Headers =
        "Authorization, Content-Type, Accept, stream-auth-type, X-Stream-Client, x-client-request-id";

    private const string Exposed =
        "x-amz-cf-pop, x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after";

    public static void UseBrowsers(this IApplicationBuilder app, LocalStreamOptions options)
    {
        var isLocal = IPAddress.IsLoopback(IPAddress.Parse(options.Host));
        app.Use(async (context, next) =>
        {
            if (isLocal || options.AllowedOrigins.Count > 0)
                RequireOrigin(context.Request, options.AllowedOrigins);
            if (isLocal && context.Request.Host is { HasValue: true } host && !IsThisMachine(host.Host))
                throw ApiException.NotAllowed("only localhost and addresses of this machine are served here");
            if (!RequestAddress.IsUtf8(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget))
                throw ApiException.Input("the path or the query is not UTF-8");
            AllowOrigin(context.Response.Headers);
            if (HttpMethods.IsOptions(context.Request.Method))
                AnswerPreflight(context);
            else
                await next(context);
        });
    }

    private static void RequireOrigin(HttpRequest request, IReadOnlyList<string> allowed)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !allowed.Contains(origin)
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var address) && IsThisMachine(address.Host)))
            throw ApiException.NotAllowed("pages of this origin may not call; the setting AllowedOrigins names those that may");
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static void AllowOrigin(IHeaderDictionary headers)
    {
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = Exposed;
    }

    private static void AnswerPreflight(HttpContext context)
    {
        var headers = context.Response.Headers;
        var asked = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = asked.Count > 0 ? asked : Headers;
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
