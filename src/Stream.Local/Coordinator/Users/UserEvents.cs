using GetStream.Json;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Local.Webhooks;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>
/// Sends what happened to users: to their own connections, the watchers of the calls they are in, and the
/// application's webhooks.
/// </summary>
internal sealed class UserEvents(StateStore store, ConnectionHub hub, WebhookSender webhooks)
{
    public void Publish<TEvent>(string userId, TEvent happened)
        where TEvent : StreamEvent, IStreamModel<TEvent>
    {
        var outgoing = OutgoingEvent.From(happened);
        hub.PublishToUser(userId, outgoing);
        foreach (var call in CallsWith(userId))
            hub.Publish(call.Cid, outgoing, exceptUserId: userId);
        webhooks.Send(outgoing);
    }

    /// <summary>To all connections of the given users.</summary>
    public void Publish<TEvent>(IEnumerable<string> userIds, TEvent happened)
        where TEvent : StreamEvent, IStreamModel<TEvent>
    {
        var outgoing = OutgoingEvent.From(happened);
        foreach (var userId in userIds)
            hub.PublishToUser(userId, outgoing);
        webhooks.Send(outgoing);
    }

    /// <summary>The calls a user is in now.</summary>
    public IEnumerable<CallState> CallsWith(string userId) => store.Calls.Rows.Where(
        call => call.RunningSession is { } session
            && session.Participants.Values.Any(participant => participant.UserId == userId));
}
