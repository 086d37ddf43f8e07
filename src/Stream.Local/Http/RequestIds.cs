namespace GetStream.Local.Http;

/// <summary>Gives every answer an id: the client's own when it sent one.</summary>
internal static class RequestIds
{
    private const int MaxLength = 64;

    public static void UseRequestIds(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var asked = context.Request.Headers["x-client-request-id"].ToString();
        context.Response.Headers["X-Request-Id"] = asked.Length is > 0 and <= MaxLength
            ? asked
            : Guid.NewGuid().ToString();
        return next(context);
    });
}
