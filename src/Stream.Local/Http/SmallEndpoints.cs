using GetStream.Local.Errors;

namespace GetStream.Local.Http;

/// <summary>What clients ask besides the API's operations.</summary>
internal static class SmallEndpoints
{
    public static void MapSmallEndpoints(this IEndpointRouteBuilder routes)
    {
        // Location hint: the text tells a browser where the nearest edge is.
        routes.MapMethods("/", [HttpMethods.Head, HttpMethods.Get], http =>
        {
            http.Response.Headers["x-amz-cf-pop"] = "LOC1-P1";
            return Task.CompletedTask;
        });
        routes.MapMethods("/hi", [HttpMethods.Head, HttpMethods.Get], http => http.Response.WriteAsync("hi"));

        // A plain 404 makes clients fall back to the documented join.
        routes.MapPost("/api/v2/video/call/{type}/{id}/fast_join", FastJoinIsUnknown);
        routes.MapPost("/video/call/{type}/{id}/fast_join", FastJoinIsUnknown);

        routes.MapFallback("/{**path}", (RequestDelegate)(http =>
            throw ApiException.DoesNotExist(
                $"there is no operation {http.Request.Method} {Shortened.Text(http.Request.Path)}")));
    }

    private static Task FastJoinIsUnknown(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return http.Response.WriteAsync("404 page not found");
    }
}
