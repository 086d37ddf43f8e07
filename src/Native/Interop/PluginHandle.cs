using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>One started plugin instance: what outlives the public object until the instance has stopped.</summary>
/// <remarks>
/// Closing has two ways. An owner closes the handle, waits until the calls inside have come back, and stops the
/// instance, within a deadline. A plugin nobody disposed is stopped from the finalizer, in the background.
/// <para>
/// Calls are counted here and not with <see cref="SafeHandle.DangerousAddRef"/>, which goes on admitting calls after
/// disposal for as long as others are inside, so that a busy plugin would never drain.
/// </para>
/// The number is an id of the plugin, no memory, and the library stays loaded: using a stale one is refused by the
/// plugin, never undefined.
/// </remarks>
internal sealed unsafe class PluginHandle : SafeHandle
{
    private static int liveCount;

    internal readonly PluginApi Api;

    private readonly PluginImage _image;
    private readonly LogSinkLease? _log;
    private readonly CallGate _gate = new();
    private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

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

    /// <summary>Tags known to the library this is an instance of.</summary>
    internal TagCache Tags => _image.Tags;

    /// <summary>Whether new calls are refused.</summary>
    internal bool IsClosing => _gate.IsClosed;

    /// <summary>Completes when the handle is closed and no call is inside.</summary>
    internal Task Drained => _gate.Drained;

    /// <summary>Completes when the instance has stopped, by whomever; says whether it did so cleanly.</summary>
    internal Task<bool> Completion => _completion.Task;

    internal long CallsInside => _gate.Inside;

    internal long CallCount => _gate.Total;

    /// <summary>
    /// Begins a call. Every one that begins must <see cref="Leave"/>, also when it fails, with what this answers, on the same thread.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Enter()
    {
        if (!_gate.TryEnter(out var counter))
        {
            Refuse();
        }

        return counter;
    }

    /// <summary>As <see cref="Enter"/>, for a call that any thread may end.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    internal int EnterShared()
    {
        if (!_gate.TryEnterShared(out var counter))
        {
            Refuse();
        }

        return counter;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave(int counter) => _gate.Leave(counter);

    /// <summary>Refuses new calls; <see cref="Shutdown"/> and <see cref="Complete"/> are then up to the owner. Once only.</summary>
    internal void BeginClose()
    {
        _gate.Close();
        SetHandleAsInvalid();
    }

    /// <summary>Stops the instance. May block as long as the plugin's shutdown timeout. Once only.</summary>
    internal bool Shutdown()
    {
        var clean = Api.Shutdown(Instance) != 0;
        Interlocked.Decrement(ref liveCount);
        _log?.Dispose();
        return clean;
    }

    /// <summary>Says that the instance has stopped.</summary>
    internal void Complete(bool clean) => _completion.SetResult(clean);

    protected override bool ReleaseHandle()
    {
        // The finalizer thread must not wait for a plugin.
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.Complete(self.Shutdown()), this, preferLocal: false);
        return true;
    }

    private void Refuse() => throw new ObjectDisposedException(_image.Name);
}
