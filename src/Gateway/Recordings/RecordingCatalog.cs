using System.Collections.Concurrent;
using System.Security.Claims;
using System.Text.RegularExpressions;
using StreamGateway.Auth;
using StreamGateway.Engine;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;
using StreamGateway.Sessions;

namespace StreamGateway.Recordings;

/// <summary>Every recording on the disk, by the session that made it; sessions may be long gone. It belongs to whom its session belonged.</summary>
internal sealed partial class RecordingCatalog(EngineHost engine, SessionPool pool, TimeProvider time)
{
    private const int DefaultLimit = 25;
    private const int MaximumLimit = 100;
    private const int MaximumRemembered = 1_000;

    /// <summary>As long as an ended session is remembered by default.</summary>
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Deletion> _deleted = new();

    /// <summary>A page of a session's recordings, or of all; a cursor is the id of the recording a page begins next to.</summary>
    /// <exception cref="ProblemException">The limit or a cursor is not usable, or there is no such session.</exception>
    public async Task<RecordingPage> ListAsync(
        string? sessionId, ClaimsPrincipal caller, int? limit, string? next, string? prev, CancellationToken cancellationToken)
    {
        Check(limit, next, prev);
        var viewer = Viewer.Of(caller);
        var query = new RtcRecordingQuery
        {
            Folder = sessionId is null ? null : FolderOf(sessionId),
            All = sessionId is null,
            Owner = viewer.SeesAll ? null : viewer.Owner,
            Before = next,
            After = prev,
            Limit = limit ?? DefaultLimit,
        };
        var page = await engine.Engine.ListRecordingsAsync(query, cancellationToken);
        if (page.Recordings.Count == 0 && sessionId is not null && next is null && prev is null)
        {
            _ = pool.Get(sessionId, caller);
        }

        var older = prev is null ? page.More : page.Recordings.Count > 0;
        var newer = prev is null ? next is not null && page.Recordings.Count > 0 : page.More;
        return new RecordingPage(
            page.Recordings.Select(recording => RecordingResponse.From(recording, whole: false)).ToList(),
            older ? page.Recordings[^1].Id : null,
            newer ? page.Recordings[0].Id : null);
    }

    /// <exception cref="RtcException">There is none.</exception>
    /// <exception cref="ProblemException">There is none that the caller may see.</exception>
    public async Task<RtcRecording> GetAsync(
        string sessionId, string recordingId, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var recording = await engine.Engine.GetRecordingAsync(FolderOf(sessionId), recordingId, cancellationToken);
        return Viewer.Of(caller).Sees(recording.Owner)
            ? recording
            : throw new ProblemException(ProblemTypes.RecordingNotFound, $"no recording \"{recordingId}\"");
    }

    /// <summary>Stops a recording that runs, and deletes its files where that is asked for. What is deleted already stays so.</summary>
    public async Task EndAsync(
        string sessionId, string recordingId, ClaimsPrincipal caller, bool deleteFiles, CancellationToken cancellationToken)
    {
        if (WasDeleted(recordingId, caller))
        {
            return;
        }

        var recording = await GetAsync(sessionId, recordingId, caller, cancellationToken);
        if (recording.State == "recording")
        {
            await StopAsync(sessionId, recordingId, caller, cancellationToken);
        }

        if (deleteFiles)
        {
            await DeleteAsync(recording, cancellationToken);
        }
    }

    public async Task DeleteAsync(RtcRecording recording, CancellationToken cancellationToken)
    {
        await engine.Engine.RemoveRecordingAsync(recording.Folder, recording.Id, cancellationToken);
        if (_deleted.Count < MaximumRemembered)
        {
            _deleted[recording.Id] = new Deletion(recording.Owner, time.GetUtcNow());
        }
    }

    private async Task StopAsync(
        string sessionId, string recordingId, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        try
        {
            await pool.Get(sessionId, caller).RequireNative().StopRecordingAsync(recordingId, cancellationToken);
        }
        catch (RtcException gone) when (gone.Kind is RtcError.RecordingNotFound or RtcError.SessionNotFound)
        {
            // It has ended by itself meanwhile.
        }
        catch (ProblemException gone) when (gone.Type == ProblemTypes.SessionEnded)
        {
            // And its recordings with it.
        }
        catch (ProblemException elsewhere) when (elsewhere.Type == ProblemTypes.SessionNotFound)
        {
            throw new ProblemException(ProblemTypes.RecordingRunning, "Another process makes this recording.", elsewhere);
        }
    }

    private bool WasDeleted(string recordingId, ClaimsPrincipal caller)
    {
        var oldest = time.GetUtcNow() - RememberFor;
        foreach (var (id, deletion) in _deleted)
        {
            if (deletion.At < oldest)
            {
                _deleted.TryRemove(id, out _);
            }
        }

        return _deleted.TryGetValue(recordingId, out var known) && Viewer.Of(caller).Sees(known.Owner);
    }

    /// <summary>Ids of sessions are names of folders; nothing else may become one.</summary>
    private static string FolderOf(string sessionId) =>
        SessionId().IsMatch(sessionId)
            ? sessionId
            : throw new ProblemException(ProblemTypes.SessionNotFound, "There is no session with this id, or it is forgotten.");

    private static void Check(int? limit, string? next, string? prev)
    {
        var errors = new RequestErrors();
        if (limit is < 1 or > MaximumLimit)
        {
            errors.Add("limit", $"must be between 1 and {MaximumLimit}");
        }

        if (next is not null && prev is not null)
        {
            errors.Add("prev", "cannot be combined with `next`");
        }

        foreach (var (field, cursor) in new[] { ("next", next), ("prev", prev) })
        {
            if (cursor is not null && !RecordingId().IsMatch(cursor))
            {
                errors.Add(field, "must be a cursor from an earlier answer");
            }
        }

        errors.ThrowIfAny();
    }

    private sealed record Deletion(string? Owner, DateTimeOffset At);

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex SessionId();

    [GeneratedRegex("^[0-9TZ.-]{20}-[0-9a-f]{16}$")]
    private static partial Regex RecordingId();
}
