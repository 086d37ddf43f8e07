using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace StreamGateway.Mirror;

/// <summary>Sends the client's body on while it arrives.</summary>
internal sealed class MirrorRequestBody(HttpRequest request, MirrorStall stall) : HttpContent
{
    private const int BufferBytes = 64 * 1024;

    private Task _sending = Task.CompletedTask;

    /// <value>Whether the client is the one who has to send before anything can go on.</value>
    public bool AwaitsClient { get; private set; }

    /// <value>What is wrong with the body, when that is why the request could not be sent.</value>
    public BadHttpRequestException? Fault { get; private set; }

    /// <summary>Returns once nothing reads the client's body any more.</summary>
    public async Task StopAsync()
    {
        stall.Cancel();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context) =>
        _sending = SendAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }

    private async Task SendAsync(System.IO.Stream stream)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        // Not by a token: Kestrel takes a read that was cancelled so for one that still goes on.
        await using var cancelling = stall.Token.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), request.BodyReader);
        try
        {
            while (await ReadAsync(buffer) is > 0 and var count)
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

    /// <returns>How many bytes were read; 0 at the body's end.</returns>
    private async ValueTask<int> ReadAsync(byte[] buffer)
    {
        while (true)
        {
            var read = await ReadAsync();
            var count = (int)Math.Min(read.Buffer.Length, buffer.Length);
            var part = read.Buffer.Slice(0, count);
            part.CopyTo(buffer);
            request.BodyReader.AdvanceTo(part.End);
            stall.Token.ThrowIfCancellationRequested();
            if (count > 0 || read.IsCompleted)
            {
                return count;
            }
        }
    }

    private async ValueTask<ReadResult> ReadAsync()
    {
        AwaitsClient = true;
        try
        {
            var read = await request.BodyReader.ReadAsync(CancellationToken.None);
            AwaitsClient = read.IsCanceled;
            return read;
        }
        catch (IOException broken) when (broken is not ConnectionResetException)
        {
            Fault = broken as BadHttpRequestException
                ?? new BadHttpRequestException($"The body is not what HTTP allows. {broken.Message}", broken);
            throw Fault;
        }
    }
}
