using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Json;

namespace GetStream.Local.Coordinator.Sessions;

/// <summary>Who was in a session of a call, from when to when. Durations are in seconds.</summary>
internal sealed class ParticipantSessionsApi(StateStore store, CallDirectory calls, CallViews views) : IOperationFamily
{
    private static readonly QuerySchema<SessionParticipant> s_participants = new(
        participant => participant.ParticipantSessionId,
        _ => [],
        new("user_id", FieldKind.Text, participant => participant.UserId),
        new("user_session_id", FieldKind.Text, participant => participant.ParticipantSessionId),
        new("role", FieldKind.Text, participant => participant.Role),
        new("joined_at", FieldKind.Time, participant => participant.JoinedAt),
        new("left_at", FieldKind.Time, participant => participant.LeftAt));

    public void Map(OperationTable operations) => operations.Map<QueryCallParticipantSessionsResponse>(
        ApiOperations.Video.QueryCallParticipantSessions, OperationAccess.Server, Query);

    private QueryCallParticipantSessionsResponse Query(ApiRequest request)
    {
        var limit = request.QueryInt("limit", 0, Limits.MaxPageSize);
        var call = calls.Get(request);
        var session = Find(call, request.Route("session"));
        var matches = Filter.Parse(Conditions(request), s_participants);
        var found = session.AllParticipants().Where(matches).ToList();
        var page = Page.Cut(
            found,
            new RowOrder<SessionParticipant>(null, s_participants, "joined_at", 1, maxFields: 0),
            limit, request.Query("next"), request.Query("prev"));
        return new QueryCallParticipantSessionsResponse
        {
            CallType = call.Type,
            CallId = call.Id,
            CallSessionId = session.Id,
            Session = views.Session(session),
            Duration = CallViews.Seconds(session.StartedAt, session.EndedAt, request.Now),
            TotalParticipantSessions = found.Count,
            TotalParticipantDuration = found.Sum(
                participant => CallViews.Seconds(participant.JoinedAt, participant.LeftAt, request.Now)),
            ParticipantsSessions = [.. page.Rows.Select(participant => View(participant, request.Now))],
            Next = page.Next,
            Prev = page.Prev,
        };
    }

    private CallSessionState Find(CallState call, string id)
    {
        if (call.Session?.Id == id)
            return call.Session;
        return store.PastSessions.TryGet(id, out var past) && past.Cid == call.Cid
            ? past.Session
            : throw ApiException.DoesNotExist($"call {call.Cid} has no session \"{Shortened.Text(id)}\"");
    }

    private static JsonObject? Conditions(ApiRequest request)
    {
        if (request.Query("filter_conditions") is not { } text)
            return null;
        try
        {
            JsonText.Check(Encoding.UTF8.GetBytes(text));
            return JsonSerializer.Deserialize(text, TreeJson.Default.JsonObject);
        }
        catch (JsonException json)
        {
            throw ApiException.InvalidField("filter_conditions", $"must be a JSON object: {json.Message}");
        }
    }

    private static ParticipantSessionDetails View(SessionParticipant participant, DateTimeOffset now) => new()
    {
        UserId = participant.UserId,
        UserSessionId = participant.ParticipantSessionId,
        JoinedAt = participant.JoinedAt,
        LeftAt = participant.LeftAt,
        PublisherType = "",
        Roles = [participant.Role],
        DurationInSeconds = CallViews.Seconds(participant.JoinedAt, participant.LeftAt, now),
    };
}
