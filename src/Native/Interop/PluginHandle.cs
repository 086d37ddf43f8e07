using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>One started plugin instance.</summary>
/// <remarks>
/// Every call counts a use of it, so the instance stops only after the last call came back. Closing has two ways:
/// <see cref="Plugin"/> closes the handle, waits for <see cref="Drained"/> and then stops the instance itself, within a
/// deadline; a plugin nobody disposed is stopped from the finalizer, in the background.
/// The number is an id of the plugin, no memory: using a stale one is refused by the plugin, never undefined.
/// </remarks>
internal sealed unsafe class PluginHandle : SafeHandle
{
    private static int liveCount;

    private readonly PluginImage _image;
    private readonly LogSinkLease? _log;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _closingByOwner;
    private int _stopped;

    internal PluginHandle(PluginImage image, nint instance, LogSinkLease? log)
        : base(0, ownsHandle: true)
    {
        _image = image;
        _log = log;
        SetHandle(instance);
        Interlocked.Increment(ref liveCount);
    }

    /// <summary>Instances started and not yet stopped, over all plugins of the process.</summary>
    internal static int LiveCount => Volatile.Read(ref liveCount);

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether new calls are refused. A handle itself takes uses for as long as others are out.</summary>
    internal bool IsClosing => Volatile.Read(ref _closingByOwner) != 0;

    internal PluginApi Api => _image.Api;

    /// <summary>The id itself, for callers that hold a counted use and for the poll thread, which outlives the instance.</summary>
    internal nint Instance => handle;

    /// <summary>Completes when the handle is closed and no call is in flight.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Refuses new calls; <see cref="Stop"/> is then up to the caller.</summary>
    internal void CloseByOwner()
    {
        Volatile.Write(ref _closingByOwner, 1);
        Dispose();
    }

    /// <summary>Stops the instance, once. May block as long as the plugin's shutdown timeout.</summary>
    internal bool Stop()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return true;
        }

        try
        {
            return Api.Shutdown(handle) != 0;
        }
        finally
        {
            Interlocked.Decrement(ref liveCount);
            _log?.Dispose();
        }
    }

    protected override bool ReleaseHandle()
    {
        if (IsClosing)
        {
            _drained.TrySetResult();
            return true;
        }

        // The finalizer thread must not wait for a plugin.
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.Stop(), this, preferLocal: false);
        return true;
    }
}
