using GetStream.Json;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Local.Webhooks;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Sends the events of calls to those who shall hear of them, and to the application's webhooks.</summary>
internal sealed class CallEvents(ConnectionHub hub, WebhookSender webhooks)
{
    /// <summary>To the connections that watch the call.</summary>
    public void ToWatchers<TEvent>(CallState call, TEvent happened)
        where TEvent : StreamEvent, IStreamModel<TEvent> =>
        Publish(call, happened);

    /// <summary>To the connections that watch the call, and all those of its members.</summary>
    public void ToMembers<TEvent>(CallState call, TEvent happened, IEnumerable<string>? formerMembers = null)
        where TEvent : StreamEvent, IStreamModel<TEvent> =>
        Publish(
            call,
            happened,
            call.Members.Keys.Concat(formerMembers ?? []).Append(call.CreatedById).Distinct());

    /// <summary>To all connections of the given users, and to those that watch the call.</summary>
    public void ToUsers<TEvent>(CallState call, IEnumerable<string> userIds, TEvent happened)
        where TEvent : StreamEvent, IStreamModel<TEvent> =>
        Publish(call, happened, userIds);

    private void Publish<TEvent>(CallState call, TEvent happened, IEnumerable<string>? userIds = null)
        where TEvent : StreamEvent, IStreamModel<TEvent>
    {
        var outgoing = OutgoingEvent.From(happened);
        hub.Publish(call.Cid, outgoing, userIds);
        webhooks.Send(outgoing);
    }
}
