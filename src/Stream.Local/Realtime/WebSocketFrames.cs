using System.Buffers;
using System.Net.WebSockets;

namespace GetStream.Local.Realtime;

/// <summary>Whole text messages over a WebSocket, bounded in size and time.</summary>
internal static class WebSocketFrames
{
    public const int MaxMessageBytes = 64 * 1024;
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The next message, or null once the client closed.</summary>
    /// <exception cref="WebSocketException">The connection broke, or the message is too big.</exception>
    public static async Task<ReadOnlyMemory<byte>?> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>(1024);
        while (true)
        {
            var received = await socket.ReceiveAsync(message.GetMemory(1024), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            message.Advance(received.Count);
            if (message.WrittenCount > MaxMessageBytes)
                throw new WebSocketException($"A message is larger than {MaxMessageBytes} bytes.");
            if (received.EndOfMessage)
                return message.WrittenMemory;
        }
    }

    /// <summary>Sends a close frame if the socket can still send, waiting for a bounded time.</summary>
    public static async Task CloseAsync(
        WebSocket socket, WebSocketCloseStatus status, string? reason, TimeProvider clock)
    {
        using var timeout = new CancellationTokenSource(s_closeTimeout, clock);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(status, reason, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // Already gone: nobody to say goodbye to.
        }
    }
}
