namespace StreamGateway.Server;

/// <summary>What browsers are told about the gateway's own answers. Those of the mirror are Stream's, and stay as they came.</summary>
internal static class SecurityHeaders
{
    private const string Page = "/swagger";

    /// <summary>An answer is data: it loads nothing, and nobody frames it.</summary>
    private const string Data = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <summary>The page brings its own scripts; the library behind it writes styles into its elements.</summary>
    private const string OwnPage =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Late, because a problem begins its answer anew.
        context.Response.OnStarting(static state => SetAsync((HttpContext)state), context);
        return next(context);
    });

    private static Task SetAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments(Page, StringComparison.OrdinalIgnoreCase) ? OwnPage : Data;
        return Task.CompletedTask;
    }
}
