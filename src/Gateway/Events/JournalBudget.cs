namespace StreamGateway.Events;

/// <summary>
/// The memory that all journals share. When it is full, the ended journals' events go first, those that ended first before the
/// others; then the oldest events of all.
/// </summary>
/// <remarks>Safe from any thread; asks journals under its own lock, and is never asked under theirs.</remarks>
internal sealed class JournalBudget(long maxBytes)
{
    // More than is needed at once, so that a full budget is not gone through for every event.
    private readonly long _portion = Math.Max(1, maxBytes / 16);
    private readonly Lock _gate = new();
    private readonly HashSet<EventJournal> _journals = [];
    private long _bytes;
    private long _evicted;

    public long MaxBytes => maxBytes;

    public long Bytes => Volatile.Read(ref _bytes);

    /// <value>Events that went to keep the bound.</value>
    public long Evicted => Volatile.Read(ref _evicted);

    public void Add(EventJournal journal)
    {
        lock (_gate)
        {
            _journals.Add(journal);
        }
    }

    /// <summary>Forgets a journal, with what it holds.</summary>
    public void Remove(EventJournal journal)
    {
        lock (_gate)
        {
            _journals.Remove(journal);
        }

        journal.Clear();
    }

    /// <summary>Counts what a journal holds more, or less.</summary>
    public void Count(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Lets events go until there is room again; nothing to do most of the time.</summary>
    public void KeepBound()
    {
        if (Bytes <= maxBytes)
        {
            return;
        }

        lock (_gate)
        {
            while (Bytes > maxBytes && Oldest() is { } victim)
            {
                Interlocked.Add(ref _evicted, victim.Evict(_portion));
            }
        }
    }

    private EventJournal? Oldest() =>
        _journals.Where(journal => !journal.IsEmpty).MinBy(journal => (journal.EndedAt ?? long.MaxValue, journal.OldestAt));
}
