using Microsoft.AspNetCore.Http.HttpResults;

namespace StreamGateway.Errors;

/// <summary>Problem documents for what no endpoint answers, and the published list of problems.</summary>
internal static class ErrorsApi
{
    public static IServiceCollection AddGatewayErrors(this IServiceCollection services) =>
        services
            .AddExceptionHandler<GatewayExceptionHandler>()
            .AddProblemDetails()
            .Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);

    /// <summary>Answers what the framework refuses without a word with a problem.</summary>
    public static void UseProblemsForBareStatus(this WebApplication app) =>
        app.UseStatusCodePages(pages => WriteBareStatusAsync(pages.HttpContext));

    public static void MapErrors(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/errors").WithTags("Errors").AllowAnonymous();
        group.MapGet("/", ListProblems).WithSummary("Lists every problem this service answers with");
        group.MapGet("/{code}", GetProblem).WithSummary("Explains one problem; the `type` of a problem document leads here");
    }

    private static Ok<ProblemType[]> ListProblems() =>
        TypedResults.Ok(ProblemTypes.All.Values.OrderBy(type => type.Status).ThenBy(type => type.Code).ToArray());

    private static Ok<ProblemType> GetProblem(string code) =>
        ProblemTypes.All.TryGetValue(code, out var type)
            ? TypedResults.Ok(type)
            : throw new ProblemException(ProblemTypes.RouteNotFound, "There is no problem with this code.");

    private static Task WriteBareStatusAsync(HttpContext context)
    {
        var request = $"{context.Request.Method} {Shown(context.Request.Path)}";
        var problem = context.Response.StatusCode switch
        {
            404 => new ProblemException(ProblemTypes.RouteNotFound, $"There is no {request}."),
            405 => new ProblemException(ProblemTypes.MethodNotAllowed, $"There is no {request}; see the header Allow."),
            // Only routes that take JSON leave this to the framework.
            415 => new ProblemException(ProblemTypes.UnsupportedMediaType, "The Content-Type must be application/json."),
            400 => new ProblemException(ProblemTypes.InvalidRequest, $"{request} is not a valid request."),
            _ => null,
        };
        return problem is null ? Task.CompletedTask : ProblemWriter.WriteAsync(context, problem);
    }

    private static string Shown(PathString path) =>
        path.Value is { Length: > 200 } longPath ? longPath[..200] + "…" : path.Value ?? "/";
}
