using System.Runtime.InteropServices;
using System.Text;

namespace StreamGateway.Native.Interop;

/// <summary>A session, source, sink or SFU of librtc; gives it back when nobody holds it any more.</summary>
/// <remarks>
/// Keeps the instance's handle reachable. It takes no counted use of it, so that stopping an engine need not wait for
/// forgotten objects: the library ends them itself, and giving back an id it no longer knows does nothing.
/// </remarks>
internal sealed class RtcObjectHandle : SafeHandle
{
    private readonly PluginHandle _instance;
    private readonly string _release;
    private readonly string _name;

    /// <param name="instance">The instance that owns the object.</param>
    /// <param name="id">The object's id, below 2^53.</param>
    /// <param name="release">The command that gives it back.</param>
    /// <param name="name">What the command calls the id.</param>
    internal RtcObjectHandle(PluginHandle instance, ulong id, string release, string name)
        : base(0, ownsHandle: true)
    {
        _instance = instance;
        _release = release;
        _name = name;
        Id = id;
        SetHandle((nint)id);
    }

    internal ulong Id { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>The library ends the object by itself from here on.</summary>
    internal void Disown() => SetHandleAsInvalid();

    protected override bool ReleaseHandle()
    {
        try
        {
            // May be the finalizer thread: the command is queued, and nobody waits for its completion.
            return PluginCalls.CallPolled(_instance, _release, Encoding.UTF8.GetBytes($"{{\"{_name}\":{Id}}}")) != 0;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
