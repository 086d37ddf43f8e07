using System.Collections.Immutable;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Store;

namespace GetStream.Local.Webhooks;

/// <summary>
/// Carries events to the application's webhooks. Each has a queue of its own, so a slow one holds up no other.
/// </summary>
/// <remarks><see cref="Send"/> is safe from any thread and never waits.</remarks>
internal sealed class WebhookSender : IAsyncDisposable
{
    private readonly OwnMeters _meters = new();
    private readonly LocalStreamOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HttpClient _trusted;
    private readonly HttpClient _guarded;
    private readonly Uri? _configured;
    private readonly Lock _configuring = new();
    private readonly List<WebhookTarget> _retired = [];
    private ImmutableArray<WebhookTarget> _targets = [];

    public WebhookSender(LocalStreamOptions options, TimeProvider clock, ILogger<WebhookSender> logger)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        Networks = new WebhookNetworks(options.AllowedWebhookNetworks);
        _trusted = WebhookClient.Trusted(_meters);
        _guarded = WebhookClient.Guarded(Networks, _meters);
        _configured = options.WebhookUrl is { } url ? new Uri(url) : null;
    }

    /// <summary>Where hooks may lead, but for the configured one.</summary>
    public WebhookNetworks Networks { get; }

    /// <summary>Whether the operator chose this address, who may send events anywhere.</summary>
    public bool IsConfigured(Uri url) => url == _configured;

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
                .Select(hook => new WebhookTarget(
                    hook, IsConfigured(hook.Url) ? _trusted : _guarded, _options, _clock, _logger));
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
        _trusted.Dispose();
        _guarded.Dispose();
        _meters.Dispose();
    }
}
