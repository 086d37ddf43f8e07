using System.Buffers;
using System.Net;

namespace StreamGateway.Mirror;

/// <summary>Sends the client's body on while it arrives.</summary>
internal sealed class MirrorRequestBody(HttpRequest request, MirrorStall stall) : HttpContent
{
    private const int BufferBytes = 64 * 1024;

    protected override async Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await request.Body.ReadAsync(buffer, stall.Token) is > 0 and var count)
            {
                stall.Moved();
                await stream.WriteAsync(buffer.AsMemory(0, count), stall.Token);
                await stream.FlushAsync(stall.Token); // Stream may be waiting for just these bytes
                stall.Moved();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }
}
