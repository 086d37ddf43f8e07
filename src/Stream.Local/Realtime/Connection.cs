using System.Net.WebSockets;
using System.Threading.Channels;
using GetStream.Json;

namespace GetStream.Local.Realtime;

/// <summary>One authenticated coordinator WebSocket: a bounded queue towards a client, and its watched calls.</summary>
/// <remarks>
/// <see cref="TrySend"/> and <see cref="Drop"/> are safe from any thread. <see cref="RunAsync"/> is called once and
/// is the only sender and receiver of the socket.
/// </remarks>
internal sealed class Connection(
    WebSocket socket, string userId, StreamTimeFormat times, LocalStreamOptions options, TimeProvider clock)
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<DropReason> _dropped = new(
        TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<ReadOnlyMemory<byte>> _queue = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(options.MaxQueuedEvents) { SingleReader = true });

    public string Id { get; } = Guid.NewGuid().ToString();

    public string UserId => userId;

    public StreamTimeFormat Times => times;

    /// <summary>The calls whose events this connection gets. Guarded by <see cref="ConnectionHub"/>.</summary>
    public HashSet<string> WatchedCids { get; } = new(StringComparer.Ordinal);

    /// <summary>The users whose coming and going this connection hears of. Guarded likewise.</summary>
    public HashSet<string> WatchedUserIds { get; } = new(StringComparer.Ordinal);

    /// <summary>Queues an event; a client too slow to take its events is dropped.</summary>
    public void TrySend(OutgoingEvent outgoing)
    {
        if (!_queue.Writer.TryWrite(outgoing.Json(times)))
            Drop(DropReason.TooSlow);
    }

    /// <summary>Ends the connection from the server's side. Only the first reason counts.</summary>
    public void Drop(DropReason reason) => _dropped.TrySetResult(reason);

    /// <summary>Sends and receives until the client closes, goes silent, is dropped or the server stops.</summary>
    /// <param name="answer">Makes the answer to each frame of the client.</param>
    /// <returns>Why the server ended the connection; null when the client did.</returns>
    public async Task<DropReason?> RunAsync(Func<OutgoingEvent> answer, CancellationToken stopping)
    {
        using var onStop = stopping.Register(() => Drop(DropReason.ServerStopping));
        using var silence = clock.CreateTimer(
            _ => Drop(DropReason.Silent), null, options.ConnectionSilence, Timeout.InfiniteTimeSpan);
        var receiving = ReceiveLoopAsync(answer, silence);
        var sending = SendLoopAsync();
        await Task.WhenAny(receiving, sending, _dropped.Task);

        _queue.Writer.TryComplete();
        DropReason? reason = _dropped.Task.IsCompletedSuccessfully ? _dropped.Task.Result : null;
        await SayGoodbyeAsync(reason, sending, receiving);
        socket.Abort();
        await Task.WhenAll(sending, receiving);
        return reason;
    }

    private async Task ReceiveLoopAsync(Func<OutgoingEvent> answer, ITimer silence)
    {
        try
        {
            while (await WebSocketFrames.ReceiveAsync(socket, CancellationToken.None) is not null)
            {
                silence.Change(options.ConnectionSilence, Timeout.InfiniteTimeSpan);
                TrySend(answer());
            }
        }
        catch (WebSocketException)
        {
            // The client vanished, or we let go of it.
        }
    }

    private async Task SendLoopAsync()
    {
        try
        {
            await foreach (var json in _queue.Reader.ReadAllAsync())
                await socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        catch (Exception exception) when (
            exception is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client vanished, or we let go of it.
        }
    }

    /// <summary>
    /// Sends what is queued and a close frame, and waits for the client's, all within a bounded time.
    /// </summary>
    private async Task SayGoodbyeAsync(DropReason? reason, Task sending, Task receiving)
    {
        try
        {
            // A client that does not read would only make us wait.
            if (reason == DropReason.TooSlow)
                return;
            await sending.WaitAsync(s_farewell, clock);
            await WebSocketFrames.CloseAsync(socket, Status(reason), reason?.ToString(), clock);
            await receiving.WaitAsync(s_farewell, clock);
        }
        catch (TimeoutException)
        {
            // The caller aborts the socket.
        }
    }

    private static WebSocketCloseStatus Status(DropReason? reason) => reason switch
    {
        null => WebSocketCloseStatus.NormalClosure,
        DropReason.ServerStopping => WebSocketCloseStatus.EndpointUnavailable,
        _ => WebSocketCloseStatus.PolicyViolation,
    };
}
