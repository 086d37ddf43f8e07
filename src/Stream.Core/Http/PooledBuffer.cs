using System.Buffers;

namespace GetStream.Http;

/// <summary>A growing byte buffer over rented memory, with a limit; one owner, one thread at a time.</summary>
internal sealed class PooledBuffer(int initialCapacity, int limit) : IBufferWriter<byte>, IDisposable
{
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(initialCapacity);
    private int _length;

    public ReadOnlyMemory<byte> Written => Buffer.AsMemory(0, _length);

    private byte[] Buffer => _buffer ?? throw new ObjectDisposedException(nameof(PooledBuffer));

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return Buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return Buffer.AsSpan(_length);
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Reserve(int count)
    {
        var needed = (long)_length + Math.Max(count, 1);
        if (needed <= Buffer.Length)
        {
            return;
        }

        // One byte over the limit may be held, which is how a reader sees that there is more.
        var size = Math.Min(Math.Max(needed, Buffer.Length * 2L), Math.Max(needed, limit + 1L));
        var grown = ArrayPool<byte>.Shared.Rent(checked((int)size));
        Buffer.AsSpan(0, _length).CopyTo(grown);
        ArrayPool<byte>.Shared.Return(Buffer);
        _buffer = grown;
    }
}
