using Microsoft.AspNetCore.Diagnostics.HealthChecks;
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
        group.MapHealthChecks("/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteReportAsync });
        group.MapHealthChecks("/ready", new HealthCheckOptions { ResponseWriter = WriteReportAsync });
    }

    private static Task WriteReportAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new HealthResponse(
            NameOf(report.Status),
            report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new HealthCheckResponse(NameOf(entry.Value.Status), entry.Value.Description))));

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
