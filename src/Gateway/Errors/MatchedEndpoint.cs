using Microsoft.AspNetCore.Diagnostics;

namespace StreamGateway.Errors;

internal static class MatchedEndpoint
{
    /// <summary>The endpoint a request was meant for, after an exception as well, when the handler has taken it away.</summary>
    public static Endpoint? GetMatchedEndpoint(this HttpContext context) =>
        context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerPathFeature>()?.Endpoint;
}
