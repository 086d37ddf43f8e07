namespace GetStream.Local.Http;

/// <summary>
/// Lets pages of any origin call: browsers carry no cookies here, and every request has its own token.
/// </summary>
internal static class Cors
{
    private const string Methods = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD";
    private const string Headers =
        "Authorization, Content-Type, Accept, stream-auth-type, X-Stream-Client, x-client-request-id";

    private const string Exposed =
        "x-amz-cf-pop, x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after";

    public static void UseOpenCors(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = Exposed;
        if (!HttpMethods.IsOptions(context.Request.Method))
        {
            await next(context);
            return;
        }

        var asked = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = asked.Count > 0 ? asked : Headers;
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    });
}
