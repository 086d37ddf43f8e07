namespace StreamGateway.Tests;

/// <summary>A participant of the gateway, driven over HTTP, and the stream of its events.</summary>
internal sealed class Bot : IAsyncDisposable
{
    private readonly GatewayApplication _gateway;

    private Bot(GatewayApplication gateway, string sessionId, SseReader events)
    {
        _gateway = gateway;
        SessionId = sessionId;
        Events = events;
    }

    public string SessionId { get; }

    public SseReader Events { get; }

    public static async Task<Bot> JoinAsync(GatewayApplication gateway, string callId, string userId = "bot", string extra = "")
    {
        var id = await gateway.JoinAsync(callId, userId, extra);
        return new Bot(gateway, id, await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{id}/events"));
    }

    /// <summary>Waits for an event that names all of <paramref name="words"/>.</summary>
    public Task<SseEvent> SeesAsync(string type, params string[] words) =>
        Events.ReadUntilAsync(type, item => words.All(word => item.Data.Contains($"\"{word}\"", StringComparison.Ordinal)));

    /// <summary>Every event up to and with the first of a type.</summary>
    public async Task<IReadOnlyList<SseEvent>> AllUntilAsync(string type)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Default);
        var events = new List<SseEvent>();
        while (await Events.ReadAsync(deadline.Token) is { } next)
        {
            events.Add(next);
            if (next.Type == type)
            {
                break;
            }
        }

        return events;
    }

    /// <summary>Says something to its end.</summary>
    public async Task SayAsync(byte[] ogg)
    {
        using var published = await _gateway.PublishAsync(SessionId, "voice", new ByteArrayContent(ogg));
        Assert.True(published.IsSuccessStatusCode, await published.Content.ReadAsStringAsync());
    }

    /// <summary>The first <paramref name="bytes"/> of a live track.</summary>
    public async Task<byte[]> ListenAsync(string trackId, string accept, int bytes)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/v1/sessions/{SessionId}/tracks/{trackId}/media?wait_ms=20000");
        request.Headers.Accept.ParseAdd(accept);
        using var response = await _gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        Assert.True(response.IsSuccessStatusCode, $"{trackId}: {response.StatusCode}");
        await using var body = await response.Content.ReadAsStreamAsync();
        var heard = new byte[bytes];
        await body.ReadExactlyAsync(heard).AsTask().WithTimeout();
        return heard;
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.LeaveAsync(SessionId);
        await Events.DisposeAsync();
    }
}
