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
internal sealed class EventHub
{
    private readonly Dictionary<string, CallJournal> _calls = [];
    private readonly EventsOptions _options;
    private readonly JournalBudget _budget;
    private string? _endReason;

    public EventHub(IOptions<EventsOptions> options, EventsMetrics metrics)
    {
        _options = options.Value;
        _budget = new JournalBudget(_options.TotalJournalBytes);
        All = NewShared();
        metrics.Watch(_budget);
    }

    public Lock Gate { get; } = new();

    /// <value>Everything that happens on this gateway.</value>
    public EventJournal All { get; }

    /// <summary>A session's own journal, until <see cref="Forget"/>.</summary>
    public EventJournal NewSessionJournal() => New(_options.SessionJournalEvents, _options.SessionJournalBytes);

    public void Forget(EventJournal journal) => _budget.Remove(journal);

    /// <summary>Holds the journal of a call until the lease is disposed; every session and every reader has one.</summary>
    public CallJournalLease LeaseCall(string callCid)
    {
        lock (Gate)
        {
            if (!_calls.TryGetValue(callCid, out var call))
            {
                _calls[callCid] = call = new CallJournal(NewShared());
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

    private EventJournal NewShared() => New(_options.SharedJournalEvents, _options.SharedJournalBytes);

    private EventJournal New(int maxEvents, int maxBytes)
    {
        var journal = new EventJournal(maxEvents, maxBytes, _budget);
        _budget.Add(journal);
        return journal;
    }

    private void Release(string callCid)
    {
        lock (Gate)
        {
            if (--_calls[callCid].Leases == 0 && _calls.Remove(callCid, out var call))
            {
                _budget.Remove(call.Journal);
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
