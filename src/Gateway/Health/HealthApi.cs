using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StreamGateway.Health;

internal static class HealthApi
{
    public static IServiceCollection AddGatewayHealth(this IServiceCollection services)
    {
        services.AddSingleton<StreamHealthCheck>();
        services.AddHttpClient(nameof(StreamHealthCheck)).RemoveAllLoggers();
        services.AddHealthChecks()
            .AddCheck<NativeHealthCheck>("native")
            .AddCheck<StreamHealthCheck>("stream")
            .AddCheck<CapacityHealthCheck>("capacity");
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/health").WithTags("Health").AllowAnonymous();
        group.MapGet("/live", GetLive)
            .WithSummary("Tells that the service answers")
            .Produces<HealthResponse>();
        group.MapGet("/ready", GetReadyAsync)
            .WithSummary("Tells whether the service can take work, and which of its parts cannot")
            .Produces<HealthResponse>()
            .Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);

        // Some load balancers look at the status alone.
        group.MapMethods("/live", [HttpMethods.Head], GetLive).ExcludeFromDescription();
        group.MapMethods("/ready", [HttpMethods.Head], GetReadyAsync).ExcludeFromDescription();
    }

    private static JsonHttpResult<HealthResponse> GetLive(HttpResponse response) =>
        Answer(response, new HealthResponse("ok", new Dictionary<string, HealthCheckResponse>()));

    private static async Task<IResult> GetReadyAsync(
        HealthCheckService checks, HttpResponse response, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        return Answer(
            response,
            new HealthResponse(
                NameOf(report.Status),
                report.Entries.ToDictionary(
                    entry => entry.Key,
                    entry => new HealthCheckResponse(NameOf(entry.Value.Status), entry.Value.Description))),
            report.Status is HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private static JsonHttpResult<HealthResponse> Answer(
        HttpResponse response, HealthResponse health, int status = StatusCodes.Status200OK)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Json(health, statusCode: status);
    }

    private static string NameOf(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "ok",
        HealthStatus.Degraded => "degraded",
        _ => "failed",
    };
}

/// <summary>The answer of the health routes.</summary>
/// <param name="Status"><c>ok</c>, <c>degraded</c> or <c>failed</c> (with HTTP 503).</param>
/// <param name="Checks">The same for each part, with a sentence.</param>
internal sealed record HealthResponse(string Status, IReadOnlyDictionary<string, HealthCheckResponse> Checks);

internal sealed record HealthCheckResponse(string Status, string? Detail);
