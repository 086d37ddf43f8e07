using GetStream.Local.Errors;

namespace GetStream.Local.Realtime;

/// <summary>Bounds the WebSockets that nobody has authenticated on yet. Safe from any thread.</summary>
internal sealed class Handshakes(int max)
{
    private int _count;

    /// <summary>One more, until the lease is disposed.</summary>
    /// <exception cref="ApiException">There are too many.</exception>
    public Lease Begin()
    {
        if (Interlocked.Increment(ref _count) <= max)
            return new Lease(this);
        Interlocked.Decrement(ref _count);
        throw ApiException.TooManyHandshakes(max);
    }

    internal sealed class Lease(Handshakes handshakes) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                Interlocked.Decrement(ref handshakes._count);
        }
    }
}
