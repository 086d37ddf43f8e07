using System.Diagnostics;
using System.Numerics;
using System.Security.Cryptography;

namespace StreamGateway.Events;

/// <summary>
/// The bounded memory of one event stream. Writers append; any number of readers read by position, each at its own pace.
/// When a bound is reached, its own or that of all journals, the oldest events go; a reader that still wanted them is told of the gap.
/// </summary>
/// <remarks>Safe from any thread. Appending never waits for a reader. Positions start at 1 and rise by one.</remarks>
internal sealed class EventJournal(int maxEvents, int maxBytes, JournalBudget? budget = null)
{
    // What an event takes beside its bytes: its record and its slots.
    private const int EventOverhead = 128;

    private readonly Lock _gate = new();

    // A ring whose length is a power of two: the event at a position lies at (position & (length - 1)).
    private GatewayEvent?[] _ring = new GatewayEvent?[16];
    private long _oldest = 1;
    private long _last;
    private long _bytes;
    private string? _endReason;
    private long? _endedAt;
    private TaskCompletionSource? _waiters;

    /// <value>Random, so that an id of another journal, or of one before a restart, is recognized as not ours.</value>
    public uint Epoch { get; } = (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);

    /// <value>Position of the newest event; 0 before the first.</value>
    public long LastPosition
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <value>When it was completed, by the monotonic clock; null while events may follow.</value>
    public long? EndedAt
    {
        get
        {
            lock (_gate)
            {
                return _endedAt;
            }
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _oldest > _last;
            }
        }
    }

    /// <value>When its oldest event was made, by the monotonic clock.</value>
    public long OldestAt
    {
        get
        {
            lock (_gate)
            {
                return _oldest > _last ? long.MaxValue : _ring[Slot(_oldest)]!.MadeAt;
            }
        }
    }

    /// <summary>Adds an event and wakes the readers; does nothing once the journal is complete.</summary>
    public void Append(GatewayEvent added)
    {
        lock (_gate)
        {
            if (_endReason is not null)
            {
                return;
            }

            EvictFor(added.Frame.Length);
            GrowIfFull();
            _ring[Slot(++_last)] = added;
            _bytes += added.Frame.Length;
            budget?.Count(added.Frame.Length + EventOverhead);
            WakeReaders();
        }

        budget?.KeepBound();
    }

    /// <summary>Lets the oldest events go until so many bytes are free; answers how many went.</summary>
    public int Evict(long bytes)
    {
        lock (_gate)
        {
            var before = _oldest;
            for (var left = bytes; left > 0 && _oldest <= _last;)
            {
                left -= EvictOldest();
            }

            if (_oldest > _last)
            {
                _ring = new GatewayEvent?[16];
            }

            return (int)(_oldest - before);
        }
    }

    /// <summary>Lets all events go.</summary>
    public void Clear() => Evict(long.MaxValue);

    /// <summary>No event follows; readers end after the last one.</summary>
    public void Complete(string reason)
    {
        lock (_gate)
        {
            _endReason ??= reason;
            _endedAt ??= Stopwatch.GetTimestamp();
            WakeReaders();
        }
    }

    /// <summary>Copies what follows <paramref name="position"/> into <paramref name="batch"/>, oldest first.</summary>
    public JournalRead Read(long position, Span<GatewayEvent> batch)
    {
        lock (_gate)
        {
            var first = Math.Max(position + 1, _oldest);
            var count = (int)Math.Clamp(_last - first + 1, 0, batch.Length);
            for (var i = 0; i < count; i++)
            {
                batch[i] = _ring[Slot(first + i)]!;
            }

            return count > 0
                ? new JournalRead(first, count, EndReason: null, Task.CompletedTask)
                : new JournalRead(first, 0, _endReason, NextChange());
        }
    }

    private void EvictFor(int bytes)
    {
        while (_oldest <= _last && (_last - _oldest + 1 >= maxEvents || _bytes + bytes > maxBytes))
        {
            EvictOldest();
        }
    }

    private int EvictOldest()
    {
        ref var slot = ref _ring[Slot(_oldest++)];
        var bytes = slot!.Frame.Length;
        slot = null;
        _bytes -= bytes;
        budget?.Count(-bytes - EventOverhead);
        return bytes + EventOverhead;
    }

    private void GrowIfFull()
    {
        if (_last - _oldest + 1 < _ring.Length)
        {
            return;
        }

        var old = _ring;
        _ring = new GatewayEvent?[BitOperations.RoundUpToPowerOf2((uint)old.Length + 1)];
        for (var position = _oldest; position <= _last; position++)
        {
            _ring[Slot(position)] = old[position & (old.Length - 1)];
        }
    }

    private long Slot(long position) => position & (_ring.Length - 1);

    private Task NextChange()
    {
        if (_endReason is not null)
        {
            return Task.CompletedTask;
        }

        _waiters ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiters.Task;
    }

    private void WakeReaders()
    {
        _waiters?.SetResult();
        _waiters = null;
    }
}

/// <summary>What a read of the journal found.</summary>
/// <param name="First">Position of the first event read; later than asked for when some are no longer held.</param>
/// <param name="Count">Events read.</param>
/// <param name="EndReason">Why the stream ended, when nothing is left to read and nothing follows.</param>
/// <param name="Changed">When nothing was read: completes once there is something.</param>
internal readonly record struct JournalRead(long First, int Count, string? EndReason, Task Changed);
