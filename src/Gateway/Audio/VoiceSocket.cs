using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using StreamGateway.Errors;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Audio;

/// <summary>A voice agent's ear and mouth in a call, over one WebSocket.</summary>
/// <remarks>
/// The first of its loops to end ends the others: the client's frames, the mix, who speaks, the marks, the publication.
/// Queues are bounded: what the client sends too far ahead of its time is refused and told, and a client that reads too
/// slowly loses the oldest sound.
/// </remarks>
internal sealed class VoiceSocket : IAsyncDisposable
{
    private const int MaxText = 4_096;
    private const int ReceiveSize = 64 * 1024;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly VoiceSocketRequest _request;
    private readonly RtcPublication _publication;
    private readonly RtcSink _sink;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly byte[] _partialFrame = new byte[4];

    private WebSocket _socket = null!;
    private int _partialLength;
    private long _written;
    private bool _overflowing;

    private VoiceSocket(VoiceSocketRequest request, RtcPublication publication, RtcSink sink)
    {
        _request = request;
        _publication = publication;
        _sink = sink;
    }

    /// <exception cref="RtcException">The session cannot speak or hear, as when its microphone is in use.</exception>
    public static async Task<VoiceSocket> OpenAsync(
        RtcSession native, VoiceSocketRequest request, CancellationToken cancellationToken)
    {
        var publication = await native.PublishAsync(
            new RtcPublishOptions
            {
                Name = $"socket-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}",
                TrackType = TrackType.Audio,
                Format = request.Format,
                Rate = request.Shape.Rate,
                Channels = request.Shape.Channels,
                LowDelay = true,
                StallTimeout = TimeSpan.Zero,
                BufferBytes = (int)(request.Queue.TotalSeconds * request.BytesPerSecond),
            },
            cancellationToken);
        try
        {
            var sink = await native.MixAsync(
                new RtcMixOptions
                {
                    Users = request.Users,
                    Format = request.Format,
                    Rate = request.Shape.Rate,
                    Channels = request.Shape.Channels,
                    LowDelay = true,
                    Speakers = true,
                },
                cancellationToken);
            return new VoiceSocket(request, publication, sink);
        }
        catch
        {
            await publication.DisposeAsync();
            throw;
        }
    }

    /// <summary>Talks until the client closes or vanishes, or the session ends.</summary>
    public async Task RunAsync(WebSocket socket, CancellationToken clientGone)
    {
        _socket = socket;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        await SendAsync(
            new VoiceMessage("ready")
            {
                Rate = _request.Shape.Rate,
                Channels = _request.Shape.Channels,
                Format = _request.Format,
                TrackId = _publication.TrackId,
            },
            stop.Token);
        Task[] loops =
        [
            ReceiveAsync(stop.Token), PlayAsync(stop.Token), TellSpeakersAsync(stop.Token), TellMarksAsync(stop.Token),
        ];
        var reason = "closed";
        try
        {
            if (await Task.WhenAny([.. loops, _publication.Completion]) != loops[0])
            {
                var ended = await _publication.Completion.WaitAsync(CloseTimeout, stop.Token);
                reason = ended.Error?.Kind is { Length: > 0 } kind ? kind : ended.Reason;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or TimeoutException)
        {
            // The reason stays what it was: the client is gone, or its socket is.
        }

        await CloseAsync(reason);
        // Until the client's own close: to stop receiving aborts the connection, and with it what was sent last.
        await Task.WhenAny(loops[0], Task.Delay(CloseTimeout, stop.Token));
        await stop.CancelAsync();
        await Task.WhenAll(loops.Select(IgnoreAsync));
    }

    public async ValueTask DisposeAsync()
    {
        await _publication.DisposeAsync();
        await _sink.DisposeAsync();
        _sending.Dispose();
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveSize];
        while (true)
        {
            var received = await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            switch (received.MessageType)
            {
                case WebSocketMessageType.Close:
                    return;
                case WebSocketMessageType.Binary:
                    await WriteAsync(buffer.AsMemory(0, received.Count), cancellationToken);
                    break;
                default:
                    await ObeyAsync(await ReadTextAsync(buffer, received, cancellationToken), cancellationToken);
                    break;
            }
        }
    }

    /// <summary>The whole text frame; null when it is too long.</summary>
    private async Task<ReadOnlyMemory<byte>?> ReadTextAsync(
        byte[] buffer, ValueWebSocketReceiveResult received, CancellationToken cancellationToken)
    {
        var length = received.Count;
        while (!received.EndOfMessage)
        {
            received = await _socket.ReceiveAsync(buffer.AsMemory(Math.Min(length, MaxText)), cancellationToken);
            length += received.Count;
        }

        return length <= MaxText ? buffer.AsMemory(0, length) : null;
    }

    /// <summary>Gives samples to the publication, in whole frames wherever the client cut them.</summary>
    private async Task WriteAsync(ReadOnlyMemory<byte> samples, CancellationToken cancellationToken)
    {
        if (_partialLength > 0)
        {
            var missing = Math.Min(_request.FrameBytes - _partialLength, samples.Length);
            samples[..missing].CopyTo(_partialFrame.AsMemory(_partialLength));
            _partialLength += missing;
            samples = samples[missing..];
            if (_partialLength < _request.FrameBytes)
            {
                return;
            }

            _partialLength = 0;
            await WriteFramesAsync(_partialFrame.AsMemory(0, _request.FrameBytes), cancellationToken);
        }

        var whole = samples.Length / _request.FrameBytes * _request.FrameBytes;
        samples[whole..].CopyTo(_partialFrame);
        _partialLength = samples.Length - whole;
        if (whole > 0)
        {
            await WriteFramesAsync(samples[..whole], cancellationToken);
        }
    }

    private async Task WriteFramesAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        var taken = _publication.TryWrite(frames.Span);
        if (taken < 0)
        {
            return; // it has ended, which its own loop tells
        }

        _written += taken;
        var rest = (int)(taken % _request.FrameBytes);
        if (rest > 0)
        {
            // A frame that was cut is completed, so that what follows stays in step.
            var end = frames.Slice((int)taken, _request.FrameBytes - rest);
            await _publication.WriteAsync(end, cancellationToken);
            _written += end.Length;
            taken += end.Length;
        }

        var dropped = frames.Length - taken;
        if (dropped > 0 && !_overflowing)
        {
            await SendAsync(new VoiceMessage("overflow") { DroppedMs = _request.Milliseconds(dropped) }, cancellationToken);
        }

        _overflowing = dropped > 0;
    }

    private async Task ObeyAsync(ReadOnlyMemory<byte>? text, CancellationToken cancellationToken)
    {
        try
        {
            JsonText.Check(text is { } sent ? sent.Span : default);
            var command = text is { } json ? JsonSerializer.Deserialize(json.Span, VoiceJson.Default.VoiceCommand) : null;
            switch (command?.Type)
            {
                case "flush":
                    _partialLength = 0;
                    var dropped = await _publication.FlushAsync(cancellationToken);
                    _overflowing = false;
                    await SendAsync(new VoiceMessage("flushed") { DroppedMs = _request.Milliseconds(dropped) }, cancellationToken);
                    break;
                case "mark" when command.Mark is { Length: > 0 and <= 255 } mark:
                    await _publication.MarkAsync(mark, _written, cancellationToken);
                    break;
                case "mark":
                    await RefuseAsync("mark must have 1 to 255 characters.", cancellationToken);
                    break;
                default:
                    await RefuseAsync(
                        text is null ? $"A text frame may have {MaxText} bytes." : "type must be flush or mark.", cancellationToken);
                    break;
            }
        }
        catch (JsonException)
        {
            await RefuseAsync("A text frame must be {\"type\": \"flush\"} or {\"type\": \"mark\", \"mark\": …}.", cancellationToken);
        }
        catch (RtcException failure)
        {
            var problem = RtcProblems.From(failure);
            await SendAsync(new VoiceMessage("error") { Code = problem.Type.Code, Detail = problem.Message }, cancellationToken);
        }
    }

    private Task RefuseAsync(string detail, CancellationToken cancellationToken) =>
        SendAsync(new VoiceMessage("error") { Code = ProblemTypes.InvalidRequest.Code, Detail = detail }, cancellationToken);

    private async Task PlayAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[4_800 * _request.FrameBytes];
        while (await _sink.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            await SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, cancellationToken);
        }
    }

    private async Task TellSpeakersAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _sink.Speakers.ReadAllAsync(cancellationToken))
        {
            await SendAsync(
                new VoiceMessage(change.Speaking ? "speaker_started" : "speaker_stopped")
                {
                    UserId = change.UserId,
                    ParticipantSessionId = change.ParticipantSessionId,
                },
                cancellationToken);
        }
    }

    private async Task TellMarksAsync(CancellationToken cancellationToken)
    {
        await foreach (var mark in _publication.Marks.ReadAllAsync(cancellationToken))
        {
            await SendAsync(new VoiceMessage("mark") { Mark = mark.Mark, Dropped = mark.Dropped }, cancellationToken);
        }
    }

    private Task SendAsync(VoiceMessage message, CancellationToken cancellationToken) =>
        SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, VoiceJson.Default.VoiceMessage), WebSocketMessageType.Text, cancellationToken);

    private async Task SendAsync(ReadOnlyMemory<byte> data, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await _socket.SendAsync(data, type, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task CloseAsync(string reason)
    {
        using var deadline = new CancellationTokenSource(CloseTimeout);
        try
        {
            if (_socket.State == WebSocketState.Open)
            {
                await SendAsync(new VoiceMessage("ended") { Reason = reason }, deadline.Token);
            }

            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, reason, deadline.Token);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or IOException)
        {
            // The client is gone already.
        }
    }

    private static async Task IgnoreAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or RtcException or IOException)
        {
            // The end of one loop is the end of all, and has been told.
        }
    }
}
