using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>Counts the calls inside one plugin instance; closed, it refuses new ones and tells when the last has left.</summary>
/// <remarks>
/// Safe from any thread. Threads spread over several counters, each alone on its cache line, so that calls on several cores
/// do not wait for each other. One interlocked step into a call and one out of it.
/// </remarks>
internal sealed class CallGate
{
    // A counter holds two numbers that change in one step: the calls inside, and above them all calls there have been.
    private const int InsideBits = 24;
    private const long InsideMask = (1L << InsideBits) - 1;
    private const long OneCall = (1L << InsideBits) + 1;
    private const int MaxCounters = 64;

    private static readonly int ThreadMask =
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(4 * Environment.ProcessorCount, 1, MaxCounters)) - 1;

    private readonly Counter[] _counters = new Counter[ThreadMask + 1];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _closed;

    /// <summary>Whether new calls are refused.</summary>
    internal bool IsClosed => _closed;

    /// <summary>Completes when the gate is closed and no call is inside.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Calls inside now.</summary>
    internal long Inside => Sum(static value => value & InsideMask);

    /// <summary>Calls there have been, those inside included; refused ones are not.</summary>
    internal long Total => Sum(static value => value >>> InsideBits);

    /// <summary>Begins a call, unless the gate is closed. Who was let in must <see cref="Leave"/> with the same counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter(out int counter)
    {
        counter = Environment.CurrentManagedThreadId & ThreadMask;
        Interlocked.Add(ref _counters[counter].Value, OneCall);

        // Counted before it is asked: either this sees the gate closed, or closing it sees the call.
        return !_closed || Undo(counter);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave(int counter)
    {
        Interlocked.Decrement(ref _counters[counter].Value);
        if (_closed)
        {
            TellWhenDrained();
        }
    }

    internal void Close()
    {
        _closed = true;
        Interlocked.MemoryBarrier();
        TellWhenDrained();
    }

    private bool Undo(int counter)
    {
        Interlocked.Add(ref _counters[counter].Value, -OneCall);
        TellWhenDrained();
        return false;
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
