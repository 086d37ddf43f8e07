using System.Buffers.Binary;

namespace GetStream.Local.Http;

/// <summary>The server's end of a WebSocket's connection: follows where frames begin and lets none in that is not masked.</summary>
internal sealed class MaskedFrameStream(System.IO.Stream connection) : System.IO.Stream
{
    private const int MaskBytes = 4;
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(1);

    /// <summary>A close frame of the server with status 1002, a protocol error.</summary>
    private static readonly byte[] s_protocolError = [0x88, 0x02, 0x03, 0xEA];

    private readonly byte[] _head = new byte[14];
    private int _headBytes;
    private ulong _payloadLeft;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The client sent a frame that is not masked; it was told.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await connection.ReadAsync(buffer, cancellationToken);
        if (AreMasked(buffer.Span[..count]))
            return count;
        await RefuseAsync(buffer, cancellationToken);
        throw new IOException("The client sent a frame that is not masked.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        connection.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override void Flush() => connection.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            connection.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Says why, and waits a little for the client to close: what is not on its way by then is lost with the connection.</summary>
    private async Task RefuseAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var farewell = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        farewell.CancelAfter(s_farewell);
        try
        {
            await connection.WriteAsync(s_protocolError, farewell.Token);
            while (await connection.ReadAsync(buffer, farewell.Token) > 0)
            {
                // Whatever it is, it comes too late.
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The client does not close.
        }
    }

    private bool AreMasked(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var payload = (int)Math.Min((ulong)bytes.Length, _payloadLeft);
            _payloadLeft -= (ulong)payload;
            bytes = bytes[payload..];
            if (bytes.IsEmpty)
                break;
            _head[_headBytes++] = bytes[0];
            bytes = bytes[1..];
            if (_headBytes < 2)
                continue;
            if ((_head[1] & 0x80) == 0)
                return false;
            var lengthBytes = (_head[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };
            if (_headBytes == 2 + lengthBytes + MaskBytes)
                (_headBytes, _payloadLeft) = (0, PayloadLength(lengthBytes));
        }

        return true;
    }

    private ulong PayloadLength(int lengthBytes) => lengthBytes switch
    {
        2 => BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)),
        8 => BinaryPrimitives.ReadUInt64BigEndian(_head.AsSpan(2)),
        _ => (ulong)(_head[1] & 0x7F),
    };
}
