using System.Buffers;

namespace StreamGateway.Mirror;

/// <summary>Moves bytes from one stream to another through one rented buffer.</summary>
internal static class MirrorCopy
{
    private const int BufferBytes = 64 * 1024;

    public static async Task RunAsync(System.IO.Stream from, System.IO.Stream to, MirrorStall stall)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await from.ReadAsync(buffer, stall.Token) is > 0 and var count)
            {
                stall.Moved();
                await to.WriteAsync(buffer.AsMemory(0, count), stall.Token);
                await to.FlushAsync(stall.Token); // the other side may be waiting for just these bytes
                stall.Moved();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
