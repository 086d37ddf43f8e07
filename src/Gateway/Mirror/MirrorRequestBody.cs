using System.Net;

namespace StreamGateway.Mirror;

/// <summary>Sends the client's body on while it arrives.</summary>
internal sealed class MirrorRequestBody(HttpRequest request, MirrorStall stall) : HttpContent
{
    protected override Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context) =>
        MirrorCopy.RunAsync(request.Body, stream, stall);

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }
}
