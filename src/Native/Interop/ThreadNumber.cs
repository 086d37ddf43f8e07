using System.Runtime.CompilerServices;

namespace StreamGateway.Native.Interop;

/// <summary>A small number that a thread has to itself while it lives.</summary>
/// <remarks>There are few: threads that come when all are taken have none.</remarks>
internal static class ThreadNumber
{
    private const int NotAsked = 0;
    private const int None = -1;

    /// <summary>The largest there is; the smallest is 1.</summary>
    internal static readonly int Max = Math.Clamp(8 * Environment.ProcessorCount, 16, 128);

    private static readonly Stack<int> Free = new(Enumerable.Range(1, Max).Reverse());

    [ThreadStatic]
    private static int number;

    // Kept by the thread alone: it is finalized some time after the thread has ended.
    [ThreadStatic]
    private static Lease? lease;

    /// <summary>This thread's number, or 0 when it has none.</summary>
    internal static int Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => number is var known and > NotAsked ? known : Ask();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Ask()
    {
        if (number == NotAsked)
        {
            lock (Free)
            {
                number = Free.TryPop(out var free) ? free : None;
            }

            lease = number == None ? null : new Lease(number);
        }

        return Math.Max(number, 0);
    }

    private sealed class Lease(int number)
    {
        ~Lease()
        {
            lock (Free)
            {
                Free.Push(number);
            }
        }
    }
}
