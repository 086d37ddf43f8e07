using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>Brings each record to whom it belongs, and knows which sessions, publications, sinks and SFUs are open.</summary>
/// <remarks>
/// Poll thread only, so it needs no locks. That includes the Open methods: answers of commands are read on the poll
/// thread. It refers to none of the public objects, so that those can be collected.
/// </remarks>
internal sealed class RtcDispatcher(PendingCommands pending, int eventCapacity)
{
    private readonly Dictionary<ulong, SessionInbox> _sessions = [];
    private readonly Dictionary<ulong, PublicationState> _publications = [];
    private readonly Dictionary<ulong, SinkState> _sinks = [];
    private readonly Dictionary<ulong, EventQueue> _sfus = [];

    /// <summary>Objects open now; exact only when nothing is under way.</summary>
    internal int OpenCount => _sessions.Count + _publications.Count + _sinks.Count + _sfus.Count;

    internal void Dispatch(RtcRecordKind kind, ulong id, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case RtcRecordKind.Event when id == 0:
                HandleSfuEvent(Event.Parser.ParseFrom(payload));
                break;
            case RtcRecordKind.Event:
                HandleSessionEvent(id, Event.Parser.ParseFrom(payload));
                break;
            case RtcRecordKind.Completion:
                pending.Complete(id, payload);
                break;
            case RtcRecordKind.SinkReady:
                _sinks.GetValueOrDefault(id)?.Ready.Wake();
                break;
            case RtcRecordKind.SourceWritable:
            case RtcRecordKind.SourceEnded:
                _publications.GetValueOrDefault(id)?.Room.Wake();
                break;
        }
    }

    internal EventQueue OpenSession(ulong session)
    {
        var inbox = Inbox(session);
        inbox.IsClaimed = true;
        RemoveIfOver(session, inbox);
        return inbox.Events;
    }

    internal PublicationState OpenPublication(ulong session, ulong source, string name)
    {
        var publication = new PublicationState(source, name);
        if (!_sessions.TryGetValue(session, out var inbox))
        {
            publication.EndWithSession();
        }
        else if (inbox.EndedEarly.Remove(source, out var ended))
        {
            publication.End(ended);
        }
        else
        {
            inbox.Sources.Add(source);
            _publications.Add(source, publication);
        }

        return publication;
    }

    internal SinkState OpenSink(ulong session, ulong sink)
    {
        var state = new SinkState();
        if (_sessions.TryGetValue(session, out var inbox))
        {
            inbox.Sinks.Add(sink);
            _sinks.Add(sink, state);
        }
        else
        {
            state.End();
        }

        return state;
    }

    internal EventQueue OpenSfu(ulong sfu) => SfuEvents(sfu);

    internal void CloseSfu(ulong sfu)
    {
        if (_sfus.Remove(sfu, out var events))
        {
            events.Complete();
        }
    }

    /// <summary>No record comes any more: everything open has ended.</summary>
    internal void Finish()
    {
        pending.Finish();
        foreach (var (session, inbox) in _sessions.ToArray())
        {
            End(session, inbox);
        }

        foreach (var sfu in _sfus.Keys.ToArray())
        {
            CloseSfu(sfu);
        }

        _sessions.Clear();
    }

    private void HandleSessionEvent(ulong session, Event message)
    {
        var inbox = Inbox(session);
        switch (message.PayloadCase)
        {
            case Event.PayloadOneofCase.PublicationEnded:
                EndPublication(inbox, message.PublicationEnded);
                break;
            case Event.PayloadOneofCase.SinkEnded:
                EndSink(inbox, message.SinkEnded.SinkId);
                break;
            case Event.PayloadOneofCase.MarkReached:
                _publications.GetValueOrDefault(message.MarkReached.SourceId)?.Add(message.MarkReached);
                break;
            case Event.PayloadOneofCase.SpeakerChanged:
                _sinks.GetValueOrDefault(message.SpeakerChanged.SinkId)?.Add(message.SpeakerChanged);
                break;
        }

        inbox.Events.Add(message);
        if (message.PayloadCase == Event.PayloadOneofCase.Left)
        {
            End(session, inbox);
        }
    }

    private void HandleSfuEvent(Event message)
    {
        switch (message.PayloadCase)
        {
            case Event.PayloadOneofCase.SfuParticipantJoined:
                SfuEvents(message.SfuParticipantJoined.SfuId).Add(message);
                break;
            case Event.PayloadOneofCase.SfuParticipantLeft:
                SfuEvents(message.SfuParticipantLeft.SfuId).Add(message);
                break;
        }
    }

    // The first event of a session may come before the answer of its join.
    private SessionInbox Inbox(ulong session)
    {
        if (!_sessions.TryGetValue(session, out var inbox))
        {
            inbox = new SessionInbox(new EventQueue(eventCapacity));
            _sessions.Add(session, inbox);
        }

        return inbox;
    }

    private EventQueue SfuEvents(ulong sfu)
    {
        if (!_sfus.TryGetValue(sfu, out var events))
        {
            events = new EventQueue(eventCapacity);
            _sfus.Add(sfu, events);
        }

        return events;
    }

    private void EndPublication(SessionInbox inbox, PublicationEnded ended)
    {
        if (_publications.Remove(ended.SourceId, out var publication))
        {
            inbox.Sources.Remove(ended.SourceId);
            publication.End(ended);
        }
        else
        {
            inbox.EndedEarly[ended.SourceId] = ended;
        }
    }

    private void EndSink(SessionInbox inbox, ulong sink)
    {
        inbox.Sinks.Remove(sink);
        if (_sinks.Remove(sink, out var state))
        {
            // Its reader takes the rest, then learns of the end.
            state.End();
        }
    }

    private void End(ulong session, SessionInbox inbox)
    {
        foreach (var source in inbox.Sources)
        {
            if (_publications.Remove(source, out var publication))
            {
                publication.EndWithSession();
            }
        }

        foreach (var sink in inbox.Sinks.ToArray())
        {
            EndSink(inbox, sink);
        }

        inbox.Sources.Clear();
        inbox.Events.Complete();
        inbox.IsOver = true;
        RemoveIfOver(session, inbox);
    }

    private void RemoveIfOver(ulong session, SessionInbox inbox)
    {
        if (inbox.IsOver && inbox.IsClaimed)
        {
            _sessions.Remove(session);
        }
    }

    /// <summary>What the dispatcher keeps of one session.</summary>
    private sealed class SessionInbox(EventQueue events)
    {
        internal EventQueue Events => events;

        /// <summary>Whether the answer of the join has come.</summary>
        internal bool IsClaimed { get; set; }

        /// <summary>Whether <c>left</c> has come.</summary>
        internal bool IsOver { get; set; }

        internal HashSet<ulong> Sources { get; } = [];

        internal HashSet<ulong> Sinks { get; } = [];

        /// <summary>Publications that ended before the answer that opened them was read.</summary>
        internal Dictionary<ulong, PublicationEnded> EndedEarly { get; } = [];
    }
}
