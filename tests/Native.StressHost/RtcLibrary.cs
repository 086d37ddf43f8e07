using System.Runtime.InteropServices;
using System.Text;

namespace StreamGateway.Native.StressHost;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FfiBuffer
{
    public byte* Data;
    public nuint Length;
    public nuint Capacity;
    public uint ErrorCode;
}

/// <summary>The exports of librtc as bare function pointers: nothing stands between the threads and the border.</summary>
internal sealed unsafe class RtcLibrary
{
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, FfiBuffer> Call;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, delegate* unmanaged[Cdecl]<void*, ulong, byte*, nuint, uint, void>, void*, ulong> CallAsync;
    public readonly delegate* unmanaged[Cdecl]<FfiBuffer*, void> FreeBuffer;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, int, nuint*, int> Poll;
    public readonly delegate* unmanaged[Cdecl]<nint, byte> Shutdown;
    public readonly delegate* unmanaged[Cdecl]<ulong> LiveAllocations;
    public readonly delegate* unmanaged[Cdecl]<int> SignalProtect;
    public readonly delegate* unmanaged[Cdecl]<int> SignalExposed;

    private readonly delegate* unmanaged[Cdecl]<nint> _create;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void>, nint> _init;
    private readonly delegate* unmanaged[Cdecl]<byte*> _lastError;

    public RtcLibrary(string path)
    {
        var library = NativeLibrary.Load(path);
        Call = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, FfiBuffer>)NativeLibrary.GetExport(library, "plugin_call");
        CallAsync = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, delegate* unmanaged[Cdecl]<void*, ulong, byte*, nuint, uint, void>, void*, ulong>)
            NativeLibrary.GetExport(library, "plugin_call_async");
        FreeBuffer = (delegate* unmanaged[Cdecl]<FfiBuffer*, void>)NativeLibrary.GetExport(library, "plugin_free_buffer");
        Poll = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, int, nuint*, int>)NativeLibrary.GetExport(library, "rtc_poll");
        Shutdown = (delegate* unmanaged[Cdecl]<nint, byte>)NativeLibrary.GetExport(library, "plugin_shutdown");
        LiveAllocations = (delegate* unmanaged[Cdecl]<ulong>)NativeLibrary.GetExport(library, "rtc_live_allocations");
        SignalProtect = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "rtc_signal_protect");
        SignalExposed = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "rtc_signal_exposed");
        _create = (delegate* unmanaged[Cdecl]<nint>)NativeLibrary.GetExport(library, "plugin_create");
        _init = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void>, nint>)
            NativeLibrary.GetExport(library, "plugin_init");
        _lastError = (delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(library, "rtc_last_error");
    }

    public nint Start(ReadOnlySpan<byte> config, delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void> log)
    {
        fixed (byte* json = config)
        {
            var handle = _init(_create(), json, (nuint)config.Length, log);
            return handle != 0 ? handle : throw new InvalidOperationException($"plugin_init: {LastError}");
        }
    }

    public string LastError => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(_lastError()));
}
