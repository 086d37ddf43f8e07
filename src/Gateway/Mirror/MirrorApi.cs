using Microsoft.AspNetCore.Http.Features;
using StreamGateway.Errors;

namespace StreamGateway.Mirror;

/// <summary>Every operation of Stream's REST API at its own method and path.</summary>
internal static class MirrorApi
{
    public static IServiceCollection AddMirror(this IServiceCollection services) =>
        services
            .AddSingleton<MirrorRoutes>()
            .AddSingleton<MirrorCaller>()
            .AddSingleton<MirrorForwarder>();

    public static void MapMirror(this IEndpointRouteBuilder routes) =>
        routes.Map("/api/v2/{**path}", ForwardAsync)
            .WithMetadata(new RequestSizeLimit())
            .ExcludeFromDescription() // MirrorDescription lists the operations one by one.
            .AllowAnonymous(); // MirrorCaller checks keys and Stream's own tokens.

    private static async Task ForwardAsync(
        HttpContext context, MirrorRoutes routes, MirrorCaller caller, MirrorForwarder forwarder)
    {
        var target = MirrorTarget.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (target.HasDotSegments)
        {
            throw new ProblemException(ProblemTypes.InvalidRequest, "A path segment is '.' or '..'.");
        }

        var token = await caller.TokenForAsync(context);
        var operations = routes.Find(target.Path);
        if (operations.Count is 0)
        {
            throw NotFound(context.Request.Method, target.Path);
        }

        if (!operations.TryGetValue(context.Request.Method, out var operation))
        {
            await RefuseMethodAsync(context, operations.Keys);
            return;
        }

        await forwarder.ForwardAsync(context, target, operation, token);
    }

    /// <summary>Written here instead of thrown: the header Allow would not survive the exception handler.</summary>
    private static Task RefuseMethodAsync(HttpContext context, IEnumerable<string> methods)
    {
        var allowed = string.Join(", ", methods.Order(StringComparer.Ordinal));
        context.Response.Headers.Allow = allowed;
        return ProblemWriter.WriteAsync(
            context, new ProblemException(ProblemTypes.MethodNotAllowed, $"This path of Stream's API takes {allowed}."));
    }

    private static ProblemException NotFound(string method, string path)
    {
        var nearest = string.Join("; ", MirrorSuggestions.For(method, path));
        return new ProblemException(
            ProblemTypes.RouteNotFound, $"Stream's API has no such operation. The nearest are: {nearest}.");
    }

    /// <summary>Uploads may be as large as Stream takes them; nothing of them is held here.</summary>
    private sealed class RequestSizeLimit : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
