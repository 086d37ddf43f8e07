using System.Security.Claims;
using Microsoft.OpenApi;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Json;
using StreamGateway.OpenApi;

namespace StreamGateway.Sessions;

/// <summary>What happens in sessions, as server-sent events.</summary>
internal static class SessionEventsApi
{
    public static void MapSessionEvents(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/v1/sessions/{id}/events", StreamSessionAsync, "Streams the events of a session");
        Map(routes, "/v1/calls/{type}/{id}/events", StreamCallAsync, "Streams the events of all our sessions in a call");
        Map(routes, "/v1/events", StreamAllAsync, "Streams the events of all sessions");
    }

    private static void Map(IEndpointRouteBuilder routes, string pattern, Delegate handler, string summary) =>
        routes.MapGet(pattern, handler)
            .WithTags("Events")
            .WithSummary(summary)
            .WithDescription("The first event is `snapshot`, the last `end`; `gap` tells what is no longer held.")
            .WithMetadata(
                new TakesParameter(
                    "types", ParameterLocation.Query, "Only these types, such as `track_published,call.*`; `rtc_packet` comes only when named."),
                new TakesParameter("last_event_id", ParameterLocation.Query, "Resumes, as the header `Last-Event-ID` does."),
                new TakesParameter("Last-Event-ID", ParameterLocation.Header, "Resumes after this event."))
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .RequireAuthorization(Scopes.EventsRead)
            .AcceptTicket();

    private static Task StreamSessionAsync(string id, SessionPool pool, EventStream stream, HttpContext context)
    {
        var session = pool.Get(id, context.User);
        return stream.SendAsync(context, session.Journal, session.TakeSnapshot);
    }

    private static async Task StreamCallAsync(
        string type, string id, SessionPool pool, EventHub hub, EventStream stream, HttpContext context)
    {
        var cid = new CallCid(type, id);
        if (!cid.IsValid)
        {
            throw new ProblemException(ProblemTypes.InvalidRequest, $"The call {Identifiers.CidRule}.");
        }

        // A call may be watched before anyone has joined it.
        using var call = hub.LeaseCall(cid.ToString());
        await stream.SendAsync(context, call.Journal, () => TakeSnapshot(pool, context.User, session => session.Call == cid));
    }

    private static Task StreamAllAsync(SessionPool pool, EventHub hub, EventStream stream, HttpContext context) =>
        stream.SendAsync(context, hub.All, () => TakeSnapshot(pool, context.User, _ => true));

    private static SessionsSnapshot TakeSnapshot(SessionPool pool, ClaimsPrincipal caller, Func<PooledSession, bool> wanted) =>
        new(pool.All(caller).Where(session => session.IsLive && wanted(session)).Select(session => session.TakeSnapshot()).ToList());
}
