using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamGateway.Upstream;

namespace StreamGateway.Health;

/// <summary>Whether Stream's API answers at all. Asked at most every few seconds, however often health is.</summary>
internal sealed class StreamHealthCheck(StreamConnection stream, IHttpClientFactory clients, TimeProvider time)
    : IHealthCheck, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _asking = new(1, 1);
    private HealthCheckResult _last;
    private long _askedAt;

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_askedAt == 0 || time.GetElapsedTime(_askedAt) > Freshness)
            {
                _last = await AskAsync(cancellationToken);
                _askedAt = time.GetTimestamp();
            }

            return _last;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task<HealthCheckResult> AskAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            // Any answer will do: this asks for nothing and brings no key.
            using var client = clients.CreateClient(nameof(StreamHealthCheck));
            using var answer = await client.GetAsync(stream.Options.BaseUrl, deadline.Token);
            return HealthCheckResult.Healthy("Stream answers.");
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("Stream does not answer.");
        }
    }
}
