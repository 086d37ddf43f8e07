using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;

namespace StreamGateway.Load;

/// <summary>The few calls of the gateway's HTTP interface that the scenarios use.</summary>
internal sealed class GatewayClient(Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 4096 })
    {
        BaseAddress = url,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task WaitUntilReadyAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(deadline);
        while (true)
        {
            try
            {
                using var answer = await _http.GetAsync(new Uri("health/ready", UriKind.Relative), timeout.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50, timeout.Token);
        }
    }

    public async Task<string> JoinAsync(string callId, string userId, CancellationToken cancellationToken)
    {
        var body = new { call_type = "default", call_id = callId, user_id = userId };
        using var answer = await _http.PostAsJsonAsync("v1/sessions", body, cancellationToken);
        var json = await ReadAsync(answer, cancellationToken);
        return json.GetProperty("id").GetString()!;
    }

    public async Task LeaveAsync(string session, CancellationToken cancellationToken)
    {
        using var answer = await _http.DeleteAsync(new Uri($"v1/sessions/{session}", UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    public async Task<JsonElement> PublishAsync(
        string session, string oggFile, bool loop, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(oggFile);
        using var content = new StreamContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("audio/ogg") } };
        using var answer = await _http.PutAsync(
            new Uri($"v1/sessions/{session}/publications/voice?loop={(loop ? "true" : "false")}", UriKind.Relative),
            content, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    /// <summary>Opens a live stream; the caller disposes it.</summary>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellationToken, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(await answer.Content.ReadAsStringAsync(cancellationToken));
        }

        return await answer.Content.ReadAsStreamAsync(cancellationToken);
    }

    /// <summary>Opens a WebSocket; the caller disposes it.</summary>
    public async Task<WebSocket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        var address = new UriBuilder(new Uri(_http.BaseAddress!, path)) { Scheme = "ws" };
        await socket.ConnectAsync(address.Uri, cancellationToken);
        return socket;
    }

    public void Dispose() => _http.Dispose();

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new HttpRequestException($"{(int)answer.StatusCode}: {text}");
    }
}
