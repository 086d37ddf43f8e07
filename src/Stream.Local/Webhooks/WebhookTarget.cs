using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using GetStream.Json;
using GetStream.Local.Realtime;

namespace GetStream.Local.Webhooks;

/// <summary>One webhook: delivers events in order, signed, each up to three times.</summary>
/// <remarks>
/// <see cref="Send"/> and <see cref="Complete"/> are safe from any thread. What does not fit the queue is dropped and
/// counted: the receiver is down or too slow.
/// </remarks>
internal sealed partial class WebhookTarget : IAsyncDisposable
{
    private const int MaxAttempts = 3;
    private const int MaxQueued = 1_024;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http;
    private readonly LocalStreamOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Channel<OutgoingEvent> _queue = Channel.CreateBounded<OutgoingEvent>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private long _dropped;

    public WebhookTarget(
        WebhookHook hook, HttpClient http, LocalStreamOptions options, TimeProvider clock, ILogger logger)
    {
        Hook = hook;
        _http = http;
        _options = options;
        _clock = clock;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    public WebhookHook Hook { get; }

    public bool IsDone => _loop.IsCompleted;

    public void Send(OutgoingEvent outgoing)
    {
        if (Hook.Takes(outgoing.Type) && !_queue.Writer.TryWrite(outgoing))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Takes no more events; what waits is still delivered.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>Delivers what waits for as long as a stop may take, then gives up.</summary>
    public async ValueTask DisposeAsync()
    {
        Complete();
        _stopping.CancelAfter(_options.ShutdownTimeout);
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var outgoing in _queue.Reader.ReadAllAsync(_stopping.Token))
            {
                await DeliverAsync(outgoing);
                if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                    LogDropped(_logger, Hook.Url, dropped);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogDropped(_logger, Hook.Url, _queue.Reader.Count + 1);
        }
    }

    private async Task DeliverAsync(OutgoingEvent outgoing)
    {
        var id = Guid.NewGuid().ToString();
        var pause = s_firstPause;
        for (var attempt = 1; ; attempt++, pause *= 2)
        {
            var problem = await TryAsync(outgoing, id, attempt);
            if (problem is null)
                return;
            if (!problem.MayPass || attempt == MaxAttempts)
            {
                LogGivenUp(_logger, Hook.Url, outgoing.Type, attempt, problem.Text);
                return;
            }

            await Task.Delay(pause, _clock, _stopping.Token);
        }
    }

    /// <returns>Null when the receiver took the event.</returns>
    private async Task<Problem?> TryAsync(OutgoingEvent outgoing, string id, int attempt)
    {
        using var request = Request(outgoing.Json(StreamTimeFormat.Text), id, attempt);
        using var timeout = new CancellationTokenSource(Hook.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var status = (int)answer.StatusCode;
            return answer.IsSuccessStatusCode
                ? null
                : new Problem($"status {status}", status is 408 or 429 or >= 500);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return new Problem($"no answer within {Hook.Timeout.TotalSeconds:0.#} s", MayPass: true);
        }
        catch (HttpRequestException exception)
        {
            return new Problem(exception.Message, MayPass: true);
        }
    }

    private HttpRequestMessage Request(ReadOnlyMemory<byte> json, string id, int attempt)
    {
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(_options.ApiSecret!), json.Span);
        var request = new HttpRequestMessage(HttpMethod.Post, Hook.Url) { Content = new ReadOnlyMemoryContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-Signature", Convert.ToHexStringLower(signature));
        request.Headers.Add("X-Api-Key", _options.ApiKey);
        request.Headers.Add("X-Webhook-Id", id);
        request.Headers.Add("X-Webhook-Attempt", attempt.ToString(CultureInfo.InvariantCulture));
        return request;
    }

    [LoggerMessage(
        7500, LogLevel.Warning, "Webhook {Url} did not take {Type} in {Attempts} attempts: {Problem}",
        EventName = "WebhookGivenUp")]
    private static partial void LogGivenUp(ILogger logger, Uri url, string type, int attempts, string problem);

    [LoggerMessage(7501, LogLevel.Warning, "Webhook {Url} lost {Count} events", EventName = "WebhookEventsDropped")]
    private static partial void LogDropped(ILogger logger, Uri url, long count);

    /// <param name="MayPass">Whether another attempt can succeed.</param>
    private sealed record Problem(string Text, bool MayPass);
}
