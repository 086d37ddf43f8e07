using System.Text;

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
    public Task SayAsync(byte[] ogg) => PublishAsync("voice", ogg, "audio/ogg");

    /// <summary>Shows a film to its end.</summary>
    public Task ShowAsync(byte[] ivf) => PublishAsync("camera", ivf, "video/x-ivf");

    /// <summary>Asks for videos of at most this height.</summary>
    public async Task WatchAsync(int maxHeight)
    {
        using var body = new StringContent(
            $$$"""{"subscribe":{"video":"all","max_video_height":{{{maxHeight}}}}}""", Encoding.UTF8, "application/json");
        using var answer = await _gateway.Http.PatchAsync($"/v1/sessions/{SessionId}", body).WithTimeout();
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The first <paramref name="bytes"/> of someone's voice, in Ogg as it came unless asked for otherwise.</summary>
    public async Task<byte[]> HearAsync(string userId, int bytes, string format = "audio/ogg")
    {
        var heard = new byte[bytes];
        using var response = await ListenAsync($"{userId}:audio", format);
        await using var body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(heard).AsTask().WithTimeout();
        return heard;
    }

    /// <summary>So many frames of someone's camera in VP8, in IVF, from the first of a width on: a simulcast may start with another.</summary>
    public Task<byte[]> SeeAsync(string userId, int width, int frames) =>
        SeeAsync(userId, "VP80", frames, frame => Ivf.WidthOfVp8(frame) == width);

    /// <summary>So many frames of someone's camera, in IVF.</summary>
    public async Task<byte[]> SeeAsync(string userId, string codec, int frames, Func<byte[], bool>? mayBegin = null)
    {
        using var response = await ListenAsync($"{userId}:video", "video/x-ivf");
        await using var body = await response.Content.ReadAsStreamAsync();
        return await Ivf.TakeAsync(body, codec, frames, mayBegin);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.LeaveAsync(SessionId);
        await Events.DisposeAsync();
    }

    private async Task PublishAsync(string name, byte[] media, string type)
    {
        using var published = await _gateway.PublishAsync(SessionId, name, new ByteArrayContent(media), type);
        Assert.True(published.IsSuccessStatusCode, await published.Content.ReadAsStringAsync());
    }

    private async Task<HttpResponseMessage> ListenAsync(string trackId, string accept)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/v1/sessions/{SessionId}/tracks/{trackId}/media?wait_ms=20000");
        request.Headers.Accept.ParseAdd(accept);
        var response = await _gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        Assert.True(response.IsSuccessStatusCode, $"{trackId}: {response.StatusCode}");
        return response;
    }
}
