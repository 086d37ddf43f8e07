using Microsoft.Extensions.Options;
using StreamGateway.Engine;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Recordings;

/// <summary>Deletes recordings that ended longer ago than <see cref="RecordingsOptions.KeepFor"/>.</summary>
internal sealed partial class RecordingRetention(
    EngineHost engine, RecordingCatalog catalog, IOptions<RecordingsOptions> options, TimeProvider time, ILogger<RecordingRetention> logger)
    : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.KeepFor is not { } keepFor || options.Value.FullDirectory is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromTicks(Math.Min(keepFor.Ticks, LongestPause.Ticks)), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SweepAsync(time.GetUtcNow() - keepFor, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    private async Task SweepAsync(DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        try
        {
            string? before = null;
            do
            {
                var page = await engine.Engine.ListRecordingsAsync(
                    new RtcRecordingQuery { All = true, Before = before, Limit = 100 }, cancellationToken);
                foreach (var recording in page.Recordings.Where(recording => recording.EndedAt < oldest))
                {
                    await catalog.DeleteAsync(recording, cancellationToken);
                    LogDeleted(recording.CallCid, recording.Id, recording.Bytes);
                }

                before = page.More ? page.Recordings[^1].Id : null;
            }
            while (before is not null);
        }
        catch (RtcException failure)
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(4100, LogLevel.Information, "{Cid} recording {RecordingId} of {Bytes} bytes has been kept long enough and is deleted")]
    private partial void LogDeleted(string cid, string recordingId, long bytes);

    [LoggerMessage(4101, LogLevel.Warning, "Old recordings could not be deleted")]
    private partial void LogFailed(Exception exception);
}
