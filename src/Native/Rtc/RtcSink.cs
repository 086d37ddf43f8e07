using System.IO.Pipelines;

namespace StreamGateway.Native.Rtc;

/// <summary>The bytes of a remote track, as a live file of the format asked for.</summary>
/// <remarks>One reader at a time. A reader that lags loses the oldest whole pages, which <c>sink_lagged</c> events count.</remarks>
public sealed class RtcSink : IAsyncDisposable
{
    internal RtcSink()
    {
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => throw new NotImplementedException();

    public string TrackId => throw new NotImplementedException();

    public string UserId => throw new NotImplementedException();

    /// <summary>Lower-case name of the codec, such as <c>opus</c>.</summary>
    public string Codec => throw new NotImplementedException();

    /// <summary>Fills the buffer with what is there, waiting for at least one byte; 0 at the end.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Copies everything to the writer, flushing whenever the sink is empty, until the end.</summary>
    public Task CopyToAsync(PipeWriter writer, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
