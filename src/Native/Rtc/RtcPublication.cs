using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>A track that plays the bytes it is given. The native library demuxes and paces them.</summary>
/// <remarks>One writer at a time. Disposing closes it at once; to let it play out, complete it and await <see cref="Completion"/>.</remarks>
public sealed class RtcPublication : IAsyncDisposable
{
    internal RtcPublication()
    {
    }

    /// <summary>Handle of the source; never zero and never reused.</summary>
    public ulong Source => throw new NotImplementedException();

    public string Name => throw new NotImplementedException();

    public string TrackId => throw new NotImplementedException();

    /// <summary>How the publication ended; completes after its last frame was sent, and never fails.</summary>
    public Task<PublicationEnded> Completion => throw new NotImplementedException();

    /// <summary>Gives bytes of the format; waits while the source is full.</summary>
    /// <exception cref="RtcException">The publication has ended.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Says that no more bytes come; what was given is still played.</summary>
    public void Complete() => throw new NotImplementedException();

    /// <summary>Ends the publication at once; <see cref="Completion"/> says <c>closed</c>.</summary>
    public Task CloseAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
