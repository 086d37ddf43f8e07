using System.Collections.Immutable;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Webhooks;

/// <summary>A place that events go to, and which of them.</summary>
/// <param name="EventTypes">Empty for all.</param>
/// <param name="CustomEvents">Whether the application's own events go there as well.</param>
internal sealed record WebhookHook(
    Uri Url, ImmutableSortedSet<string> EventTypes, bool CustomEvents, TimeSpan Timeout)
{
    private const string CustomEvent = "custom";
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(6);

    /// <summary>Whether a text is an address that events can be sent to. Users and passwords in it would go nowhere but to the log.</summary>
    public static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri is { Scheme: "http" or "https", UserInfo.Length: 0, IdnHost.Length: > 0 };

    public bool Takes(string eventType) =>
        (EventTypes.IsEmpty || EventTypes.Contains(eventType)) && (CustomEvents || eventType != CustomEvent);

    /// <summary>Where the application wants its events.</summary>
    public static IEnumerable<WebhookHook> Of(AppState app)
    {
        if (app.WebhookUrl.Length > 0)
            yield return new(new Uri(app.WebhookUrl), Types(app.WebhookEvents), CustomEvents: true, s_defaultTimeout);
        foreach (var hook in app.EventHooks.Where(hook => hook.Enabled == true))
            yield return Of(hook);
    }

    public bool Equals(WebhookHook? other) =>
        other is not null && Url == other.Url && EventTypes.SetEquals(other.EventTypes)
        && CustomEvents == other.CustomEvents && Timeout == other.Timeout;

    public override int GetHashCode() => HashCode.Combine(Url, EventTypes.Count, CustomEvents, Timeout);

    private static WebhookHook Of(EventHook hook) => new(
        new Uri(hook.WebhookUrl!),
        Types(hook.EventTypes ?? []),
        hook.ShouldSendCustomEvents == true,
        hook.TimeoutMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : s_defaultTimeout);

    private static ImmutableSortedSet<string> Types(IEnumerable<string> types) =>
        types.ToImmutableSortedSet(StringComparer.Ordinal);
}
