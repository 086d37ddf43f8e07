using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Sessions;

/// <summary>
/// The sessions of all calls, with their durations and ratings. Media is not measured, so there are no scores.
/// </summary>
internal sealed class CallStatsApi(StateStore store) : IOperationFamily
{
    private const int MaxSortFields = 2;

    private static readonly QuerySchema<Summary> s_summaries = new(
        summary => summary.Session.Id,
        _ => [],
        new("call_cid", FieldKind.Text, summary => summary.Cid),
        new("call_session_id", FieldKind.Text, summary => summary.Session.Id),
        new("call_status", FieldKind.Text, summary => summary.Status),
        new("call_duration_seconds", FieldKind.Number, summary => (double)summary.Seconds),
        new("min_user_rating", FieldKind.Number, summary => (double?)summary.MinRating),
        new("created_at", FieldKind.Time, summary => summary.Session.StartedAt));

    public void Map(OperationTable operations) => operations.Map<QueryCallStatsRequest, QueryCallStatsResponse>(
        ApiOperations.Video.QueryCallStats, OperationAccess.Server, Query);

    private QueryCallStatsResponse Query(ApiRequest request, QueryCallStatsRequest body)
    {
        var matches = Filter.Parse(body.FilterConditions, s_summaries);
        var order = new RowOrder<Summary>(body.Sort, s_summaries, "created_at", -1, MaxSortFields);
        var page = Page.Cut(Summaries(request.Now).Where(matches), order, body.Limit, body.Next, body.Prev);
        return new QueryCallStatsResponse
        {
            Reports = [.. page.Rows.Select(View)],
            Next = page.Next,
            Prev = page.Prev,
            Duration = request.Duration,
        };
    }

    /// <summary>Of the sessions that somebody came to.</summary>
    private IEnumerable<Summary> Summaries(DateTimeOffset now)
    {
        var ratings = store.Feedback.Rows
            .GroupBy(feedback => feedback.SessionId)
            .ToDictionary(session => session.Key, session => session.Min(feedback => feedback.Rating));
        var running = store.Calls.Rows
            .Where(call => call.RunningSession is not null)
            .Select(call => new SessionRecord(call.Cid, call.RunningSession!));
        return store.PastSessions.Rows.Concat(running)
            .Where(record => record.Session.StartedAt is not null)
            .Select(record => new Summary(
                record.Cid,
                record.Session,
                record.Session.EndedAt is null ? "ongoing" : "ended",
                (int)CallViews.Seconds(record.Session.StartedAt, record.Session.EndedAt, now),
                ratings.TryGetValue(record.Session.Id, out var rating) ? rating : null));
    }

    private static CallStatsReportSummaryResponse View(Summary summary) => new()
    {
        CallCid = summary.Cid,
        CallSessionId = summary.Session.Id,
        CallStatus = summary.Status,
        CallDurationSeconds = summary.Seconds,
        MinUserRating = summary.MinRating,
        FirstStatsTime = summary.Session.StartedAt!.Value,
        CreatedAt = summary.Session.StartedAt,
    };

    private sealed record Summary(string Cid, CallSessionState Session, string Status, int Seconds, int? MinRating);
}
