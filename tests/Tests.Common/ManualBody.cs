using System.IO.Pipelines;
using System.Net;

namespace StreamGateway.Tests;

/// <summary>A request body the test sends piece by piece.</summary>
public sealed class ManualBody : HttpContent
{
    private readonly Pipe _pipe = new();

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes) => await _pipe.Writer.WriteAsync(bytes);

    public void Complete() => _pipe.Writer.Complete();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        while (true)
        {
            var read = await _pipe.Reader.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                await stream.WriteAsync(segment);
            }

            await stream.FlushAsync();
            _pipe.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pipe.Writer.Complete();
        }

        base.Dispose(disposing);
    }
}
