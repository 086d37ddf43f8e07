using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>The bytes of a remote track, or of a mix of several, as a live file of the format asked for.</summary>
/// <remarks>One reader at a time. A reader that lags loses the oldest whole pages, which <c>sink_lagged</c> events count.</remarks>
public sealed class RtcSink : IAsyncDisposable
{
    private const int CopySize = 16 * 1024;

    private readonly RtcEngine _engine;
    private readonly RtcSession _session;
    private readonly RtcObjectHandle _handle;
    private readonly SinkState _state;

    private RtcSink(RtcEngine engine, RtcSession session, ListenAnswer answer, SinkState state)
    {
        _engine = engine;
        _session = session;
        _handle = new RtcObjectHandle(engine.Commands.Handle, answer.Sink, "rtc.sink.close", "sink");
        _state = state;
        TrackId = answer.TrackId;
        UserId = answer.UserId;
        Codec = answer.Codec;
        Format = answer.Format;
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => _handle.Id;

    /// <summary>Empty for a mix.</summary>
    public string TrackId { get; }

    /// <summary>Empty for a mix.</summary>
    public string UserId { get; }

    /// <summary>Lower-case name of the codec, such as <c>opus</c>.</summary>
    public string Codec { get; }

    /// <summary>What the bytes are, such as <c>ogg</c>.</summary>
    public string Format { get; }

    /// <summary>Who began or ceased to speak, for a mix opened so; completes with the sink. One reader.</summary>
    public ChannelReader<SpeakerChanged> Speakers => _state.Speakers;

    /// <summary>Fills the buffer with what is there, waiting for at least one byte; 0 at the end.</summary>
    /// <exception cref="ArgumentException">The buffer is empty.</exception>
    /// <exception cref="InvalidOperationException">Another read is waiting.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            throw new ArgumentException("A read needs room for at least one byte.", nameof(buffer));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        return TryRead(buffer.Span, out var count) ? new ValueTask<int>(count) : WaitAndReadAsync(buffer, cancellationToken);
    }

    /// <summary>Copies everything to the writer, flushing whenever the sink is empty, until the end or until the writer's reader is done.</summary>
    public async Task CopyToAsync(PipeWriter writer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        while (true)
        {
            var count = await ReadAsync(writer.GetMemory(CopySize), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            writer.Advance(count);
            var flushed = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return;
            }
        }
    }

    /// <summary>Closes the sink; a read that waits gets the rest and then 0.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_handle.IsClosed)
        {
            return;
        }

        _handle.Disown();
        await CloseAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _state.Ready.Wake();
    }

    /// <summary>Reads the answer that opened a sink. Poll thread.</summary>
    internal static RtcSink Open(RtcEngine engine, RtcSession session, ReadOnlySpan<byte> payload)
    {
        var answer = RtcCommands.Read(payload, RtcJson.Default.ListenAnswer);
        return new RtcSink(engine, session, answer, engine.Dispatcher.OpenSink(session.Handle, answer.Sink));
    }

    private Task CloseAsync() =>
        _engine.Commands.SendAsync(
            "rtc.sink.close", new SinkRequest(Handle), RtcJson.Default.SinkRequest, CancellationToken.None);

    // An unknown handle is a sink that is over: its session left, or its engine stopped.
    private bool TryRead(Span<byte> buffer, out int count)
    {
        var result = _engine.Border.ReadSink(Handle, buffer);
        count = result switch
        {
            >= 0 => (int)result,
            RtcResult.Ended or RtcResult.BadHandle => 0,
            RtcResult.Busy => throw new InvalidOperationException("Another read of this sink is under way."),
            _ => throw new RtcException(RtcError.Internal, $"rtc_sink_read answered {result}."),
        };
        return result != 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _state.Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (TryRead(buffer.Span, out var count))
            {
                GC.KeepAlive(_session);
                return count;
            }
        }
    }
}
