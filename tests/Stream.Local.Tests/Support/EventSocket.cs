using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace GetStream.Local.Tests.Support;

/// <summary>A coordinator WebSocket: reads everything that comes, and hands it out in order.</summary>
internal sealed class EventSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly Channel<JsonElement> _events = Channel.CreateUnbounded<JsonElement>();
    private Task _reading = Task.CompletedTask;

    public string ConnectionId { get; private set; } = "";

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public string? CloseReason => _socket.CloseStatusDescription;

    /// <summary>Opens the socket without authenticating.</summary>
    public static async Task<EventSocket> OpenAsync(LocalStream stream, string prefix = "/api/v2", string? apiKey = null)
    {
        var socket = new EventSocket();
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        var url = $"{stream.Url.Replace("http", "ws", StringComparison.Ordinal)}{prefix}/connect?api_key={apiKey ?? stream.ApiKey}";
        await socket._socket.ConnectAsync(new Uri(url), timeout.Token);
        socket._reading = socket.ReadAsync();
        return socket;
    }

    /// <summary>Opens the socket as a user and takes <c>connection.ok</c>.</summary>
    public static async Task<EventSocket> ConnectAsync(
        LocalStream stream, string userId, string prefix = "/api/v2", string? details = null)
    {
        var socket = await OpenAsync(stream, prefix);
        await socket.AuthenticateAsync(stream.As(userId).Token!, userId, details);
        var ok = await socket.Next();
        Assert.Equal("connection.ok", ok.GetProperty("type").GetString());
        socket.ConnectionId = ok.GetProperty("connection_id").GetString()!;
        return socket;
    }

    public Task AuthenticateAsync(string token, string userId, string? details = null) => SendAsync(
        $$"""{"token":"{{token}}","products":["video"],"user_details":{{details ?? $$"""{"id":"{{userId}}"}"""}} }""");

    public async Task SendAsync(string text)
    {
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
    }

    public async Task<JsonElement> Next()
    {
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        return await _events.Reader.ReadAsync(timeout.Token);
    }

    /// <summary>Skips other events until one of this type comes.</summary>
    public async Task<JsonElement> Next(string type)
    {
        while (true)
        {
            var json = await Next();
            if (json.GetProperty("type").GetString() == type)
                return json;
        }
    }

    /// <summary>The types of everything that came before the answer to a health check sent now.</summary>
    public async Task<List<string>> TypesSoFar()
    {
        await SendAsync("""[{"type":"health.check"}]""");
        var types = new List<string>();
        while (true)
        {
            var type = (await Next()).GetProperty("type").GetString()!;
            if (type == "health.check")
                return types;
            types.Add(type);
        }
    }

    /// <summary>Waits until the server has closed.</summary>
    public async Task Closed() => await _reading.WaitAsync(LocalStream.Patience);

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[256 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                WebSocketReceiveResult received;
                do
                {
                    received = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer, length, buffer.Length - length), CancellationToken.None);
                    length += received.Count;
                }
                while (!received.EndOfMessage);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                _events.Writer.TryWrite(JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, length)));
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server or the test let go of the socket.
        }

        _events.Writer.TryComplete();
    }
}
