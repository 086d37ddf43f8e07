using System.Buffers;

namespace StreamGateway.Native.Bundles;

/// <summary>A library's bytes in a buffer of the pool, until it is disposed.</summary>
/// <remarks>A large array of its own would be fresh pages each time, which take longer to fault in than all checks of the bytes.</remarks>
internal sealed class RentedContent(int size) : IDisposable
{
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(size);

    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    internal Memory<byte> Memory => (_buffer ?? throw new ObjectDisposedException(nameof(RentedContent))).AsMemory(0, size);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
