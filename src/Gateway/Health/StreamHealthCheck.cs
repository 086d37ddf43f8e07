using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamGateway.Upstream;

namespace StreamGateway.Health;

/// <summary>Whether Stream's API answers at all. Asked at most every few seconds, however often health is.</summary>
internal sealed class StreamHealthCheck(StreamConnection stream, IHttpClientFactory clients, TimeProvider time)
    : IHealthCheck, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task<HealthCheckResult>? _asking;
    private HealthCheckResult _last;
    private long _askedAt;

    /// <summary>Who asks waits for the one question that everybody shares; whoever stops waiting has no part in its answer.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_asking is null && _askedAt != 0 && time.GetElapsedTime(_askedAt) <= Freshness)
            {
                return Task.FromResult(_last);
            }

            _asking ??= Task.Run(RememberAsync, CancellationToken.None);
            return _asking.WaitAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<HealthCheckResult> RememberAsync()
    {
        var answer = await AskAsync();
        lock (_gate)
        {
            _last = answer;
            _askedAt = time.GetTimestamp();
            _asking = null;
        }

        return answer;
    }

    private async Task<HealthCheckResult> AskAsync()
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            deadline.CancelAfter(Patience);
            // Any answer will do: this asks for nothing and brings no key.
            using var client = clients.CreateClient(nameof(StreamHealthCheck));
            using var answer = await client.GetAsync(stream.Options.BaseUrl, deadline.Token);
            return HealthCheckResult.Healthy("Stream answers.");
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            return HealthCheckResult.Unhealthy("Stream does not answer.");
        }
    }
}
