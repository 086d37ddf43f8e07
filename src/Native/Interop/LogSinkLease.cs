using Microsoft.Extensions.Logging;

namespace StreamGateway.Native.Interop;

/// <summary>A plugin instance's share in a log sink and its callback function.</summary>
/// <remarks>
/// Instances of one library with one logger factory share a sink. A library that keeps a callback for each instance
/// serves several factories well; one that keeps a single callback logs to the factory of its latest instance.
/// </remarks>
internal sealed unsafe class LogSinkLease : IDisposable
{
    private static readonly Lock SlotsLock = new();
    private static readonly Slot?[] Slots = new Slot?[LogCallbacks.Count];
    private static int lastTaken = -1;

    private readonly int _slot;
    private int _disposed;

    private LogSinkLease(int slot) => _slot = slot;

    internal delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void> Callback => LogCallbacks.Function(_slot);

    /// <summary>Takes a share, or answers null when every callback function is in use.</summary>
    internal static LogSinkLease? Take(PluginImage image, ILoggerFactory loggers)
    {
        lock (SlotsLock)
        {
            var index = Array.FindIndex(Slots, slot => slot?.Image == image && ReferenceEquals(slot.Loggers, loggers));
            if (index < 0)
            {
                index = NextFree();
                if (index < 0)
                {
                    return null;
                }

                lastTaken = index;
                Slots[index] = new Slot(image, loggers);
                Volatile.Write(ref LogCallbacks.Sink(index), new PluginLogSink(loggers));
            }

            Slots[index]!.Users++;
            return new LogSinkLease(index);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        lock (SlotsLock)
        {
            if (--Slots[_slot]!.Users == 0)
            {
                Slots[_slot] = null;
                Volatile.Write(ref LogCallbacks.Sink(_slot), null);
            }
        }
    }

    // In turn: a plugin that failed to start may go on logging for a while through the function it was given.
    private static int NextFree()
    {
        for (var step = 1; step <= Slots.Length; step++)
        {
            var index = (lastTaken + step) % Slots.Length;
            if (Slots[index] is null)
            {
                return index;
            }
        }

        return -1;
    }

    private sealed class Slot(PluginImage image, ILoggerFactory loggers)
    {
        internal PluginImage Image => image;

        internal ILoggerFactory Loggers => loggers;

        internal int Users { get; set; }
    }
}
