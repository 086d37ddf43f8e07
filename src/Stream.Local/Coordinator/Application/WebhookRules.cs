using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Webhooks;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Application;

/// <summary>What webhooks an application may have.</summary>
internal sealed class WebhookRules(WebhookSender webhooks)
{
    private const string Webhook = "webhook";
    private const int MaxHooks = 20;
    private const int MaxEventTypes = 200;
    private const int MinTimeoutMs = 100;
    private const int MaxTimeoutMs = 30_000;

    private static readonly HashSet<string> s_kept = new(StringComparer.Ordinal)
    {
        "id", "hook_type", "enabled", "event_types", "webhook_url", "product", "should_send_custom_events",
        "timeout_ms", "created_at", "updated_at",
    };

    private static readonly string[] s_products = ["", "all", "video"];

    /// <exception cref="ApiException">Neither empty nor an http or https address that events may go to.</exception>
    public string Url(string url, string field)
    {
        Limits.OptionalLength(url, Limits.MaxUrlLength, field);
        if (url.Length == 0)
            return url;
        if (!WebhookHook.IsAddress(url))
            throw ApiException.InvalidField(field, "must be an absolute http or https address without user and password");
        var address = new Uri(url);
        if (!webhooks.IsConfigured(address) && webhooks.Networks.Refuse(address))
            throw ApiException.InvalidField(
                field, $"must lead to a public address, or to one of {nameof(LocalStreamOptions.AllowedWebhookNetworks)}");
        return url;
    }

    /// <exception cref="ApiException">Too many, or one is too long or empty.</exception>
    public static IReadOnlyList<string> EventTypes(IReadOnlyList<string> types, string field)
    {
        Limits.Count(types.Count, MaxEventTypes, field);
        foreach (var type in types)
            Limits.Length(type, Limits.MaxShortLength, field);
        return types;
    }

    /// <summary>The hooks as they are kept: each with an id and the time it was first seen.</summary>
    /// <exception cref="ApiException">One is not what webhooks here can be; the message names what.</exception>
    public IReadOnlyList<EventHook> Hooks(
        IReadOnlyList<EventHook> hooks, IReadOnlyList<EventHook> known, DateTimeOffset now)
    {
        Limits.Count(hooks.Count, MaxHooks, "event_hooks");
        return [.. hooks.Select(hook => Hook(hook, known.FirstOrDefault(one => one.Id == hook.Id), now))];
    }

    private EventHook Hook(EventHook hook, EventHook? known, DateTimeOffset now)
    {
        if (hook.HookType is { Length: > 0 } type && type != Webhook)
            throw ApiException.NotSupported($"event_hooks of type {Shortened.Text(type)}", "there are no queues");
        var other = ModelJson.ToTree(hook).Select(field => field.Key).FirstOrDefault(name => !s_kept.Contains(name));
        if (other is not null)
            throw ApiException.NotSupported($"event_hooks.{other}", "nothing here acts on it");
        if (!s_products.Contains(hook.Product ?? ""))
            throw ApiException.NotSupported(
                $"event_hooks.product {Shortened.Text(hook.Product!)}", "only users and video are kept");
        var url = Url(hook.WebhookUrl ?? "", "event_hooks.webhook_url");
        if (url.Length == 0)
            throw ApiException.InvalidField("event_hooks.webhook_url", "must not be empty");
        return new EventHook
        {
            Id = string.IsNullOrEmpty(hook.Id) ? Guid.NewGuid().ToString() : hook.Id,
            HookType = Webhook,
            Enabled = hook.Enabled ?? true,
            EventTypes = EventTypes(hook.EventTypes ?? [], "event_hooks.event_types"),
            WebhookUrl = url,
            Product = hook.Product,
            ShouldSendCustomEvents = hook.ShouldSendCustomEvents ?? false,
            TimeoutMs = hook.TimeoutMs is { } timeout and not 0
                ? Limits.Range(timeout, MinTimeoutMs, MaxTimeoutMs, "event_hooks.timeout_ms")
                : null,
            CreatedAt = known?.CreatedAt ?? now,
            UpdatedAt = now,
        };
    }
}
