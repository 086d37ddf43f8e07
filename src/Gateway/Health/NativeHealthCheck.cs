using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamGateway.Engine;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Health;

/// <summary>Whether the native library runs.</summary>
internal sealed class NativeHealthCheck(EngineHost host) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(host.Running?.State is PluginState.Active
            ? HealthCheckResult.Healthy("The native library is active.")
            : HealthCheckResult.Unhealthy($"The native library is {host.Running?.State.ToString() ?? "not loaded"}."));
}
