using GetStream.Json;
using GetStream.Local.Realtime;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Sends the events of calls to those who shall hear of them.</summary>
internal sealed class CallEvents(ConnectionHub hub)
{
    /// <summary>To the connections that watch the call.</summary>
    public void ToWatchers<TEvent>(CallState call, TEvent happened)
        where TEvent : class, IStreamModel<TEvent> =>
        hub.Publish(call.Cid, OutgoingEvent.From(happened));

    /// <summary>To the connections that watch the call, and all those of its members.</summary>
    public void ToMembers<TEvent>(CallState call, TEvent happened, IEnumerable<string>? formerMembers = null)
        where TEvent : class, IStreamModel<TEvent> =>
        hub.Publish(
            call.Cid,
            OutgoingEvent.From(happened),
            call.Members.Keys.Concat(formerMembers ?? []).Append(call.CreatedById).Distinct());

    /// <summary>To all connections of the given users, and to those that watch the call.</summary>
    public void ToUsers<TEvent>(CallState call, IEnumerable<string> userIds, TEvent happened)
        where TEvent : class, IStreamModel<TEvent> =>
        hub.Publish(call.Cid, OutgoingEvent.From(happened), userIds);
}
