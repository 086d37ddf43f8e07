using Microsoft.Extensions.Options;

namespace StreamGateway.Events;

/// <summary>
/// The journals that several sessions share, one for each call and one for everything, and the one lock under which
/// a session's state changes together with what the journals hold.
/// </summary>
/// <remarks>
/// State and journals move under <see cref="Gate"/>, so a snapshot and the position it is valid for always belong
/// together. What happens under it is short and never waits: JSON is made before, bytes are sent after.
/// </remarks>
internal sealed class EventHub(IOptions<EventsOptions> options)
{
    private readonly Dictionary<string, CallJournal> _calls = [];
    private string? _endReason;

    public Lock Gate { get; } = new();

    /// <value>Everything that happens on this gateway.</value>
    public EventJournal All { get; } = NewShared(options.Value);

    public EventJournal NewSessionJournal() =>
        new(options.Value.SessionJournalEvents, options.Value.SessionJournalBytes);

    /// <summary>Holds the journal of a call until the lease is disposed; every session and every reader has one.</summary>
    public CallJournalLease LeaseCall(string callCid)
    {
        lock (Gate)
        {
            if (!_calls.TryGetValue(callCid, out var call))
            {
                _calls[callCid] = call = new CallJournal(NewShared(options.Value));
                if (_endReason is not null)
                {
                    call.Journal.Complete(_endReason);
                }
            }

            call.Leases++;
            return new CallJournalLease(this, callCid, call.Journal);
        }
    }

    /// <summary>Ends every shared stream; those opened later end at once.</summary>
    public void Complete(string reason)
    {
        lock (Gate)
        {
            _endReason = reason;
            All.Complete(reason);
            foreach (var call in _calls.Values)
            {
                call.Journal.Complete(reason);
            }
        }
    }

    private static EventJournal NewShared(EventsOptions options) =>
        new(options.SharedJournalEvents, options.SharedJournalBytes);

    private void Release(string callCid)
    {
        lock (Gate)
        {
            if (--_calls[callCid].Leases == 0)
            {
                _calls.Remove(callCid);
            }
        }
    }

    private sealed class CallJournal(EventJournal journal)
    {
        public EventJournal Journal => journal;

        public int Leases { get; set; }
    }

    /// <summary>A hold on a call's journal.</summary>
    internal sealed class CallJournalLease(EventHub hub, string callCid, EventJournal journal) : IDisposable
    {
        private int _released;

        public EventJournal Journal => journal;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                hub.Release(callCid);
            }
        }
    }
}
