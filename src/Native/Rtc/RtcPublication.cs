using System.Runtime.CompilerServices;
using System.Threading.Channels;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>A track that plays the bytes it is given. The native library demuxes and paces them.</summary>
/// <remarks>One writer at a time. Disposing closes it at once; to let it play out, complete it and await <see cref="Completion"/>.</remarks>
public sealed class RtcPublication : IAsyncDisposable
{
    // The event that says how it ended follows the first refusal at once.
    private static readonly TimeSpan EndedTimeout = TimeSpan.FromSeconds(5);

    private readonly RtcEngine _engine;
    private readonly RtcSession _session;
    private readonly RtcObjectHandle _handle;
    private readonly PublicationState _state;

    private RtcPublication(
        RtcEngine engine, RtcSession session, string name, PublishAnswer answer, PublicationState state)
    {
        _engine = engine;
        _session = session;
        _handle = new RtcObjectHandle(engine.Commands.Handle, answer.Source, "rtc.publish.close", "source");
        _state = state;
        Name = name;
        TrackId = answer.TrackId;
    }

    /// <summary>Handle of the source; never zero and never reused.</summary>
    public ulong Source => _handle.Id;

    public string Name { get; }

    public string TrackId { get; }

    /// <summary>How the publication ended; completes after its last frame was sent, and never fails.</summary>
    public Task<PublicationEnded> Completion => _state.Ended;

    /// <summary>Places that were reached, as <see cref="MarkAsync"/> asked; completes with the publication. One reader.</summary>
    public ChannelReader<MarkReached> Marks => _state.Marks;

    /// <summary>Gives as many bytes as there is room for and returns how many; negative once the publication has ended.</summary>
    public long TryWrite(ReadOnlySpan<byte> data)
    {
        var taken = _engine.Border.WriteSource(Source, data);
        GC.KeepAlive(_session);
        return taken;
    }

    /// <summary>Has everything forgotten that was given and not played, and returns how many bytes that was. For samples only.</summary>
    public async Task<long> FlushAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _engine.Commands.SendAsync(
            "rtc.publish.flush", new SourceRequest(Source), RtcJson.Default.SourceRequest,
            RtcJson.Default.FlushAnswer, cancellationToken).ConfigureAwait(false);
        return answer.DroppedBytes;
    }

    /// <summary>Has <see cref="Marks"/> tell when the first <paramref name="offset"/> bytes were played. For samples only.</summary>
    public Task MarkAsync(string mark, long offset, CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.publish.mark", new MarkRequest(Source, mark, offset), RtcJson.Default.MarkRequest, cancellationToken);

    /// <summary>Gives bytes of the format; waits while the source is full. Allocates nothing when there is room.</summary>
    /// <exception cref="RtcException">The publication has ended.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        var taken = _engine.Border.WriteSource(Source, data.Span);
        return taken == data.Length ? ValueTask.CompletedTask : WriteRestAsync(taken, data, cancellationToken);
    }

    /// <summary>Says that no more bytes come; what was given is still played.</summary>
    public void Complete()
    {
        // It ends by itself now: forgetting it must not cut it off.
        _handle.Disown();
        _engine.Border.EndSource(Source);
    }

    /// <summary>Ends the publication at once; <see cref="Completion"/> says <c>closed</c>.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken = default)
    {
        _handle.Disown();
        if (_state.Ended.IsCompleted)
        {
            return;
        }

        try
        {
            await _engine.Commands.SendAsync(
                "rtc.publish.close", new SourceRequest(Source), RtcJson.Default.SourceRequest, cancellationToken).ConfigureAwait(false);
        }
        catch (RtcException exception) when (exception.Kind is RtcError.SourceNotFound or RtcError.SessionNotFound)
        {
            // It had ended by itself.
        }
        catch (ObjectDisposedException)
        {
            // The engine is gone, and every publication with it.
        }
    }

    public async ValueTask DisposeAsync() =>
        await CloseAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Reads the answer that opened a publication. Poll thread.</summary>
    internal static RtcPublication Open(RtcEngine engine, RtcSession session, string name, ReadOnlySpan<byte> payload)
    {
        var answer = RtcCommands.Read(payload, RtcJson.Default.PublishAnswer);
        var state = engine.Dispatcher.OpenPublication(session.Handle, answer.Source, name);
        return new RtcPublication(engine, session, name, answer, state);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteRestAsync(long taken, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (taken < 0)
            {
                throw await EndedAsync(cancellationToken).ConfigureAwait(false);
            }

            data = data[(int)taken..];
            if (data.IsEmpty)
            {
                GC.KeepAlive(_session);
                return;
            }

            await _state.Room.WaitAsync(cancellationToken).ConfigureAwait(false);
            taken = _engine.Border.WriteSource(Source, data.Span);
        }
    }

    private async Task<RtcException> EndedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ended = await _state.Ended.WaitAsync(EndedTimeout, cancellationToken).ConfigureAwait(false);
            return ended.Error is { } error
                ? RtcErrorReader.Read(error)
                : new RtcException(RtcError.SourceNotFound, $"The publication {Name} has ended ({ended.Reason}).");
        }
        catch (TimeoutException)
        {
            return new RtcException(RtcError.SourceNotFound, $"The publication {Name} has ended.");
        }
    }
}
