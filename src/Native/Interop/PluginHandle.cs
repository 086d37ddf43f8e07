using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>One started plugin instance, and the count of calls inside it.</summary>
/// <remarks>
/// Closing has two ways. An owner closes the handle, waits until the calls inside have come back, and stops the
/// instance, within a deadline. A plugin nobody disposed is stopped from the finalizer, in the background.
/// <para>
/// The count is kept here and not with <see cref="SafeHandle.DangerousAddRef"/>, which goes on admitting calls after
/// disposal for as long as others are inside, so that a busy plugin would never drain. Two interlocked steps a call.
/// </para>
/// The number is an id of the plugin, no memory, and the library stays loaded: using a stale one is refused by the
/// plugin, never undefined.
/// </remarks>
internal sealed unsafe class PluginHandle : SafeHandle
{
    // Added to the count once: it is negative from then on, and exactly this when the last call has left.
    private const long Closed = long.MinValue / 2;

    private static int liveCount;

    internal readonly PluginApi Api;

    private readonly PluginImage _image;
    private readonly LogSinkLease? _log;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _calls;
    private int _stopped;

    internal PluginHandle(PluginImage image, nint instance, LogSinkLease? log)
        : base(0, ownsHandle: true)
    {
        _image = image;
        _log = log;
        Api = image.Api;
        Instance = instance;
        SetHandle(instance);
        Interlocked.Increment(ref liveCount);
    }

    /// <summary>Instances started and not yet stopped, over all plugins of the process.</summary>
    internal static int LiveCount => Volatile.Read(ref liveCount);

    public override bool IsInvalid => handle == 0;

    /// <summary>The id itself.</summary>
    internal nint Instance { get; }

    /// <summary>Whether new calls are refused.</summary>
    internal bool IsClosing => Volatile.Read(ref _calls) < 0;

    /// <summary>Completes when the handle is closed and no call is inside.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Begins a call. Every one that begins must <see cref="Leave"/>, also when it fails.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter()
    {
        if (Interlocked.Increment(ref _calls) < 0)
        {
            Refuse();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave()
    {
        if (Interlocked.Decrement(ref _calls) == Closed)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Refuses new calls; <see cref="Stop"/> is then up to the owner. Once only.</summary>
    internal void BeginClose()
    {
        if (Interlocked.Add(ref _calls, Closed) == Closed)
        {
            _drained.TrySetResult();
        }

        SetHandleAsInvalid();
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
            return Api.Shutdown(Instance) != 0;
        }
        finally
        {
            Interlocked.Decrement(ref liveCount);
            _log?.Dispose();
        }
    }

    protected override bool ReleaseHandle()
    {
        // The finalizer thread must not wait for a plugin.
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.Stop(), this, preferLocal: false);
        return true;
    }

    private void Refuse()
    {
        Leave();
        throw new ObjectDisposedException(_image.Name);
    }
}
