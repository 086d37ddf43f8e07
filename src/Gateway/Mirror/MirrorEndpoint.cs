using GetStream.Http;
using Microsoft.AspNetCore.Http.Features;
using StreamGateway.Errors;

namespace StreamGateway.Mirror;

/// <summary>Answers a request to Stream's API: finds who calls and which operation is meant, then sends it on.</summary>
internal sealed class MirrorEndpoint(MirrorRoutes routes, MirrorCaller caller, MirrorForwarder forwarder)
{
    public Task HandleAsync(HttpContext context)
    {
        var target = MirrorTarget.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (target.Ambiguity is { } ambiguity)
        {
            throw new ProblemException(ProblemTypes.InvalidRequest, ambiguity);
        }

        if (context.Request.Headers.TransferEncoding is { Count: > 0 } codings
            && !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            // Kestrel takes the last of them off and says nothing of the others.
            throw new ProblemException(ProblemTypes.InvalidRequest, "The only Transfer-Encoding that is taken is chunked.");
        }

        var token = caller.TokenFor(context.Request);
        var operations = routes.Find(target.Path);
        if (operations.Count is 0)
        {
            throw NotFound(context.Request.Method, target.Path);
        }

        return operations.TryGetValue(context.Request.Method, out var operation)
            ? forwarder.ForwardAsync(context, target, operation, token)
            : AnswerMethodAsync(context, operations);
    }

    /// <summary>Written here instead of thrown: the header Allow would not survive the exception handler.</summary>
    private static Task AnswerMethodAsync(HttpContext context, IReadOnlyDictionary<string, ApiOperation> operations)
    {
        var allowed = string.Join(", ", operations.Keys.Order(StringComparer.Ordinal));
        context.Response.Headers.Allow = allowed;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return ProblemWriter.WriteAsync(
            context, new ProblemException(ProblemTypes.MethodNotAllowed, $"This path of Stream's API takes {allowed}."));
    }

    private static ProblemException NotFound(string method, string path)
    {
        var nearest = string.Join("; ", MirrorSuggestions.For(method, path));
        return new ProblemException(
            ProblemTypes.RouteNotFound, $"Stream's API has no such operation. The nearest are: {nearest}.");
    }
}
