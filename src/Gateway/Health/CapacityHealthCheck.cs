using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamGateway.Sessions;

namespace StreamGateway.Health;

/// <summary>Whether another session would be taken.</summary>
internal sealed class CapacityHealthCheck(SessionPool pool) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var text = $"{pool.LiveCount} of {pool.Capacity} sessions are taken.";
        return Task.FromResult(pool switch
        {
            { IsDraining: true } => HealthCheckResult.Unhealthy("The gateway is stopping."),
            _ when pool.LiveCount >= pool.Capacity => HealthCheckResult.Degraded(text),
            _ => HealthCheckResult.Healthy(text),
        });
    }
}
