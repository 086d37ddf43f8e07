namespace StreamGateway.Native.Interop;

/// <summary>The functions librtc exports beyond the plugin ABI; see native-build/include/rtc.h.</summary>
internal sealed unsafe class RtcApi
{
    internal readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, int, nuint*, int> Poll;
    internal readonly delegate* unmanaged[Cdecl]<ulong, byte*, nuint, long> SourceWrite;
    internal readonly delegate* unmanaged[Cdecl]<ulong, int> SourceEnd;
    internal readonly delegate* unmanaged[Cdecl]<ulong, byte*, nuint, long> SinkRead;
    internal readonly delegate* unmanaged[Cdecl]<int> SignalExposed;
    internal readonly delegate* unmanaged[Cdecl]<ulong> ReadLiveAllocations;
    internal readonly delegate* unmanaged[Cdecl]<byte*> Version;

    internal RtcApi(SymbolReader symbols)
    {
        Poll = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, int, nuint*, int>)symbols.Required("rtc_poll");
        SourceWrite = (delegate* unmanaged[Cdecl]<ulong, byte*, nuint, long>)symbols.Required("rtc_source_write");
        SourceEnd = (delegate* unmanaged[Cdecl]<ulong, int>)symbols.Required("rtc_source_end");
        SinkRead = (delegate* unmanaged[Cdecl]<ulong, byte*, nuint, long>)symbols.Required("rtc_sink_read");
        SignalExposed = (delegate* unmanaged[Cdecl]<int>)symbols.Required("rtc_signal_exposed");
        ReadLiveAllocations = (delegate* unmanaged[Cdecl]<ulong>)symbols.Required("rtc_live_allocations");
        Version = (delegate* unmanaged[Cdecl]<byte*>)symbols.Required("rtc_version");
    }

    /// <summary>Blocks handed out and not yet freed, over all instances.</summary>
    internal ulong LiveAllocations => ReadLiveAllocations();
}
