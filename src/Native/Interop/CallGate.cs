using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>Counts the calls inside one plugin instance; closed, it refuses new ones and tells when the last has left.</summary>
/// <remarks>
/// Safe from any thread. A thread with a number of its own (<see cref="ThreadNumber"/>) has a counter of its own, alone on
/// its cache lines, which it changes with plain loads and stores: a call costs no interlocked step at all. The order
/// of a thread's store and its look at the state, which a processor may turn around, is seen to by the one who closes, with a
/// barrier in every thread of the process. All other threads share the first counter, with interlocked steps.
/// </remarks>
internal sealed class CallGate
{
    // A counter holds two numbers that change in one step: the calls inside, and above them all calls there have been.
    private const int InsideBits = 24;
    private const long InsideMask = (1L << InsideBits) - 1;
    private const long OneCall = (1L << InsideBits) + 1;
    private const int Shared = 0;

    private readonly Counter[] _counters = new Counter[ThreadNumber.Max + 1];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile State _state;

    // Open ──► Closing: calls are refused ──► Closed: every call let in before that can be seen in the counters.
    private enum State
    {
        Open,
        Closing,
        Closed,
    }

    /// <summary>Whether new calls are refused.</summary>
    internal bool IsClosed => _state != State.Open;

    /// <summary>Completes when the gate is closed and no call is inside.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Calls inside now.</summary>
    internal long Inside => Sum(static value => value & InsideMask);

    /// <summary>Calls there have been, those inside included; refused ones are not.</summary>
    internal long Total => Sum(static value => value >>> InsideBits);

    /// <summary>
    /// Begins a call, unless the gate is closed. Who was let in must <see cref="Leave"/> with the same counter, on the same thread.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter(out int counter)
    {
        counter = ThreadNumber.Current;
        Add(counter, OneCall);

        // Counted before it is asked: either this sees the gate closed, or closing it sees the call.
        return _state == State.Open || Undo(counter);
    }

    /// <summary>As <see cref="TryEnter"/>, for a call that any thread may end.</summary>
    internal bool TryEnterShared(out int counter)
    {
        counter = Shared;
        Add(counter, OneCall);
        return _state == State.Open || Undo(counter);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave(int counter)
    {
        Add(counter, -1);
        if (_state != State.Open)
        {
            LeaveClosed();
        }
    }

    /// <summary>Refuses calls from now on. Once only.</summary>
    internal void Close()
    {
        _state = State.Closing;
        Interlocked.MemoryBarrierProcessWide();
        _state = State.Closed;
        Interlocked.MemoryBarrier();
        TellWhenDrained();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int counter, long value)
    {
        ref var count = ref _counters[counter].Value;
        if (counter != Shared)
        {
            Volatile.Write(ref count, count + value);
        }
        else
        {
            Interlocked.Add(ref count, value);
        }
    }

    private bool Undo(int counter)
    {
        Add(counter, -OneCall);
        LeaveClosed();
        return false;
    }

    // Of two who leave at once, and of one who leaves and the one who closes, each has stored before it looks: one of them sees both.
    private void LeaveClosed()
    {
        Interlocked.MemoryBarrier();
        if (_state == State.Closed)
        {
            TellWhenDrained();
        }
    }

    // A counter that has come to zero after closing can only rise for calls that are refused.
    private void TellWhenDrained()
    {
        if (Inside == 0)
        {
            _drained.TrySetResult();
        }
    }

    private long Sum(Func<long, long> part)
    {
        var sum = 0L;
        foreach (ref var counter in _counters.AsSpan())
        {
            sum += part(Volatile.Read(ref counter.Value));
        }

        return sum;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Counter
    {
        [FieldOffset(64)]
        public long Value;
    }
}
