using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Connections;
using StreamGateway.Errors;

namespace StreamGateway.Events;

/// <summary>Sends a journal to one reader as server-sent events, until the reader goes or the journal ends.</summary>
internal sealed partial class EventStream(
    IOptions<EventsOptions> options, EventHub hub, EventsMetrics metrics, TimeProvider time, ILogger<EventStream> logger)
{
    private const int BatchSize = 64;

    private int _readers;

    /// <summary>Writes the whole response.</summary>
    /// <param name="snapshot">What is true now; called under <see cref="EventHub.Gate"/>.</param>
    /// <exception cref="ProblemException">The request is bad, or too many readers are connected.</exception>
    public async Task SendAsync<TSnapshot>(HttpContext context, EventJournal journal, Func<TSnapshot> snapshot)
    {
        var request = SseRequest.From(context.Request);
        if (Interlocked.Increment(ref _readers) > options.Value.MaxReaders)
        {
            Interlocked.Decrement(ref _readers);
            throw new ProblemException(ProblemTypes.CapacityExceeded, "Too many event readers are connected.")
            {
                RetryAfter = options.Value.RetryInterval,
            };
        }

        using var reader = metrics.ReaderConnected();
        try
        {
            await SendAsync(context, new Cursor(journal, request.Types, Viewer.Of(context.User)), request.LastEventId, snapshot);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogReaderGone(context.Request.Path);
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private async Task SendAsync<TSnapshot>(
        HttpContext context, Cursor cursor, SseEventId? lastEventId, Func<TSnapshot> snapshot)
    {
        if (cursor.HasSeenEnd(lastEventId))
        {
            // A browser would otherwise connect again and again to a stream that is over (WHATWG HTML, 9.2.3).
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        Prepare(context);
        var output = context.Response.BodyWriter;
        output.Write(SseFrames.Retry(options.Value.RetryInterval));
        Begin(output, cursor, lastEventId, snapshot);
        await output.FlushAsync(context.RequestAborted);

        var batch = new GatewayEvent[BatchSize];
        while (true)
        {
            var read = cursor.Journal.Read(cursor.Position, batch);
            cursor.WriteGap(output, read);
            if (read.Count > 0)
            {
                metrics.EventsSent(cursor.Write(output, read, batch));
            }
            else if (read.EndReason is { } reason)
            {
                cursor.WriteEnd(output, reason);
                await output.FlushAsync(context.RequestAborted);
                return;
            }
            else if (await TimesOutAsync(read.Changed, context.RequestAborted))
            {
                cursor.WriteHeartbeat(output);
            }

            await output.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Tells a new reader what is true, and a returning one what it can no longer have.</summary>
    private void Begin<TSnapshot>(PipeWriter output, Cursor cursor, SseEventId? lastEventId, Func<TSnapshot> snapshot)
    {
        if (cursor.TryResume(lastEventId))
        {
            return;
        }

        TSnapshot state;
        lock (hub.Gate)
        {
            cursor.Position = cursor.Journal.LastPosition;
            state = snapshot();
        }

        if (lastEventId is { } unknown)
        {
            cursor.WriteControl(output, SseFrames.Gap(unknown.Position + 1, cursor.Position, "unknown_id"));
        }

        cursor.WriteControl(output, SseFrames.Snapshot(state, cursor.Position, time.GetUtcNow()));
    }

    private void Prepare(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.SetStallTimeout(options.Value.StalledReaderTimeout);
    }

    private async Task<bool> TimesOutAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(options.Value.HeartbeatInterval, time, cancellationToken);
            return false;
        }
        catch (TimeoutException)
        {
            return true;
        }
    }

    [LoggerMessage(3001, LogLevel.Debug, "The reader of {Path} went away")]
    private partial void LogReaderGone(string path);
}
