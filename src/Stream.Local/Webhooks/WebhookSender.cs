using System.Collections.Immutable;
using GetStream.Local.Realtime;
using GetStream.Local.Store;

namespace GetStream.Local.Webhooks;

/// <summary>
/// Carries events to the application's webhooks. Each has a queue of its own, so a slow one holds up no other.
/// </summary>
/// <remarks><see cref="Send"/> is safe from any thread and never waits.</remarks>
internal sealed class WebhookSender(LocalStreamOptions options, TimeProvider clock, ILogger<WebhookSender> logger)
    : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        // Each hook has a timeout of its own.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly Lock _configuring = new();
    private readonly List<WebhookTarget> _retired = [];
    private ImmutableArray<WebhookTarget> _targets = [];

    /// <summary>Sends to what the application wants from now on; hooks that stay keep what waits for them.</summary>
    public void Configure(AppState app)
    {
        lock (_configuring)
        {
            var wanted = WebhookHook.Of(app).Distinct().ToList();
            var kept = _targets.Where(target => wanted.Contains(target.Hook)).ToList();
            _retired.RemoveAll(target => target.IsDone);
            foreach (var target in _targets.Except(kept))
            {
                target.Complete();
                _retired.Add(target);
            }

            var fresh = wanted
                .Where(hook => kept.TrueForAll(target => !target.Hook.Equals(hook)))
                .Select(hook => new WebhookTarget(hook, _http, options, clock, logger));
            _targets = [.. kept, .. fresh];
        }
    }

    public void Send(OutgoingEvent outgoing)
    {
        foreach (var target in _targets)
            target.Send(outgoing);
    }

    /// <summary>Delivers what waits for as long as the stop may take, then gives up.</summary>
    public async ValueTask DisposeAsync()
    {
        WebhookTarget[] all;
        lock (_configuring)
        {
            all = [.. _targets, .. _retired];
            _targets = [];
        }

        await Task.WhenAll(all.Select(target => target.DisposeAsync().AsTask()));
        _http.Dispose();
    }
}
