using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>The rtc_* functions of one librtc instance, without pointers.</summary>
/// <remarks>
/// Holds the instance by its id, not by its handle: the poll thread, which lives on this, must not keep alive an
/// engine that nobody uses any more. A stale id is refused by the library.
/// </remarks>
internal sealed unsafe class RtcBorder(RtcApi api, nint instance)
{
    internal string Version => NativeText.ReadTerminated(api.Version());

    /// <summary>Waits for records; answers an <see cref="RtcResult"/>, and the bytes filled or wanted.</summary>
    internal int Poll(Span<byte> buffer, int timeoutMilliseconds, out int size)
    {
        nuint nativeSize = 0;
        fixed (byte* pointer = buffer)
        {
            var result = api.Poll(instance, pointer, (nuint)buffer.Length, timeoutMilliseconds, &nativeSize);
            size = checked((int)nativeSize);
            return result;
        }
    }

    /// <summary>How many bytes the source took, or a negative <see cref="RtcResult"/>.</summary>
    internal long WriteSource(ulong source, ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            return api.SourceWrite(source, pointer, (nuint)data.Length);
        }
    }

    internal int EndSource(ulong source) => api.SourceEnd(source);

    /// <summary>How many bytes the sink gave, or a negative <see cref="RtcResult"/>.</summary>
    internal long ReadSink(ulong sink, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return api.SinkRead(sink, pointer, (nuint)buffer.Length);
        }
    }
}
