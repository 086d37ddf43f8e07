using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>Answer of <c>plugin_call</c>: the plugin's memory, given back unchanged to <c>plugin_free_buffer</c>, once.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FfiBuffer
{
    public byte* Data;
    public nuint Length;
    public nuint Capacity;
    public uint ErrorCode;
    private readonly uint _padding;

    public FfiBuffer(nint data, nuint length, nuint capacity, uint errorCode = 0)
    {
        ErrorCode = errorCode;
        Data = (byte*)data;
        Length = length;
        Capacity = capacity;
    }

    /// <summary>Address of the data, to be given back with the rest.</summary>
    public readonly nint Address => (nint)Data;

    // An empty answer may carry a dangling pointer: the length decides.
    public readonly ReadOnlySpan<byte> Span => Length == 0 ? default : new ReadOnlySpan<byte>(Data, checked((int)Length));
}

/// <summary>Answer of <c>plugin_call_raw</c>: the plugin's memory, given back unchanged to <c>rb_response_free</c>, once.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RbResponse
{
    public uint ErrorCode;
    public uint Length;
    public uint Capacity;
    private readonly uint _padding;
    public byte* Data;

    public RbResponse(nint data, uint length, uint capacity, uint errorCode = 0)
    {
        ErrorCode = errorCode;
        Data = (byte*)data;
        Length = length;
        Capacity = capacity;
    }

    /// <summary>Address of the data, to be given back with the rest.</summary>
    public readonly nint Address => (nint)Data;

    public readonly ReadOnlySpan<byte> Span => Length == 0 ? default : new ReadOnlySpan<byte>(Data, checked((int)Length));
}

/// <summary>Head of a record of <c>rtc_poll</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RtcRecord
{
    public uint Size;
    public RtcRecordKind Kind;
    private readonly byte _reserved0;
    private readonly ushort _reserved1;
    public ulong Id;
}

/// <summary>What follows an <see cref="RtcRecord"/>.</summary>
internal enum RtcRecordKind : byte
{
    Event = 1,
    Completion = 2,
    SinkReady = 3,
    SourceWritable = 4,
    SourceEnded = 5,
}

/// <summary>Results of the rtc_* functions; counts are zero or positive.</summary>
internal static class RtcResult
{
    internal const int Ok = 0;
    internal const int Ended = -1;
    internal const int BadHandle = -2;
    internal const int TooSmall = -3;
    internal const int BadArgument = -4;
    internal const int Busy = -5;
}
