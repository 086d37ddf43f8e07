using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace StreamGateway.Tests;

/// <summary>Reads a server-sent event stream by the rules of the WHATWG HTML standard, section 9.2.6.</summary>
public sealed class SseReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private SseReader(HttpResponseMessage response, StreamReader lines)
    {
        _response = response;
        _lines = lines;
    }

    /// <summary>The id a browser would resume from.</summary>
    public string LastEventId { get; private set; } = "";

    /// <summary>What the stream said to wait before connecting again.</summary>
    public TimeSpan? Retry { get; private set; }

    /// <summary>Comment lines so far.</summary>
    public int Comments { get; private set; }

    public HttpStatusCode Status => _response.StatusCode;

    public static async Task<SseReader> OpenAsync(
        HttpClient client, string path, string? lastEventId = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return new SseReader(response, new StreamReader(body, Encoding.UTF8)) { LastEventId = lastEventId ?? "" };
    }

    /// <summary>The next event, or null at the end of the stream.</summary>
    public async Task<SseEvent?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var type = "";
        var data = new StringBuilder();
        var id = LastEventId;
        while (await _lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                LastEventId = id;
                if (data.Length > 0)
                {
                    data.Length--; // the last line break is not part of the data
                    return new SseEvent(id, type.Length == 0 ? "message" : type, data.ToString());
                }

                type = "";
                continue;
            }

            var (field, value) = Split(line);
            switch (field)
            {
                case "": Comments++; break;
                case "event": type = value; break;
                case "data": data.Append(value).Append('\n'); break;
                case "id": id = value; break;
                case "retry": Retry = TimeSpan.FromMilliseconds(int.Parse(value)); break;
            }
        }

        return null;
    }

    /// <summary>Every event until the end of the stream.</summary>
    public async IAsyncEnumerable<SseEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken) is { } next)
        {
            yield return next;
        }
    }

    /// <summary>Reads up to the first event of a type; fails when the stream ends or the time is over before.</summary>
    public async Task<SseEvent> ReadUntilAsync(string type, Func<SseEvent, bool>? accept = null, TimeSpan? timeout = null)
    {
        using var deadline = new CancellationTokenSource(timeout ?? Timeouts.Default);
        var seen = new List<string>();
        try
        {
            while (await ReadAsync(deadline.Token) is { } next)
            {
                if (next.Type == type && (accept is null || accept(next)))
                {
                    return next;
                }

                seen.Add(next.Type);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"No such {type} came in time. Seen: {string.Join(", ", seen)}.");
        }

        throw new InvalidOperationException($"The stream ended before such a {type}. Seen: {string.Join(", ", seen)}.");
    }

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        _response.Dispose();
        return ValueTask.CompletedTask;
    }

    private static (string Field, string Value) Split(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return (line, "");
        }

        var value = line[(colon + 1)..];
        return (line[..colon], value.StartsWith(' ') ? value[1..] : value);
    }
}
