using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>The function through which asynchronous calls come back, and the table of those still out.</summary>
/// <remarks>
/// A call is registered before it is sent. Whoever removes it from the table settles it, so a completion and a
/// cancellation each win at most once, and a completion that comes too late finds nothing.
/// </remarks>
internal static unsafe class CompletionCallback
{
    private static readonly ConcurrentDictionary<nint, PendingCall> Pending = new();
    private static long lastKey;

    internal static delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, uint, void> Function => &Complete;

    /// <summary>Calls out now, over all plugins.</summary>
    internal static int Count => Pending.Count;

    internal static nint Register(PendingCall call)
    {
        var key = (nint)Interlocked.Increment(ref lastKey);
        Pending[key] = call;
        return key;
    }

    internal static bool TryRemove(nint key, out PendingCall call) => Pending.TryRemove(key, out call!);

    /// <summary>Settles what is still out of an instance that has stopped: some plugins complete nothing after that.</summary>
    internal static void FailAll(PluginHandle handle, string plugin)
    {
        foreach (var (key, call) in Pending)
        {
            if (call.Handle == handle && TryRemove(key, out _))
            {
                call.FailStopped(plugin);
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Complete(nint key, ulong requestId, byte* data, nuint length, uint errorCode)
    {
        if (!TryRemove(key, out var call))
        {
            return;
        }

        try
        {
            call.Complete(new ReadOnlySpan<byte>(data, checked((int)length)), errorCode);
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
    }
}
