using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Idempotency;
using StreamGateway.Json;
using StreamGateway.OpenApi;

namespace StreamGateway.Sessions;

/// <summary>Headless participants: join, look, change, leave.</summary>
internal static class SessionsApi
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions").WithTags("Sessions");

        group.MapPost("/", JoinAsync)
            .WithSummary("Joins a call; with `Prefer: respond-async` answers 202 at once")
            .Produces<SessionResponse>(StatusCodes.Status202Accepted)
            .WithMetadata(new TakesParameter("Prefer", ParameterLocation.Header, "`respond-async` answers before the join is over."))
            .RequireAuthorization(Scopes.SessionsWrite)
            .WithIdempotency();
        group.MapGet("/", List)
            .WithSummary("Lists sessions, newest first")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapGet("/{id}", Get)
            .WithSummary("Shows one session")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapPatch("/{id}", UpdateAsync)
            .WithSummary("Changes subscriptions, mutes or metadata")
            .RequireAuthorization(Scopes.SessionsWrite);
        group.MapDelete("/{id}", LeaveAsync)
            .WithSummary("Leaves the call")
            .RequireAuthorization(Scopes.SessionsWrite);
        group.MapGet("/{id}/participants", ListParticipants)
            .WithSummary("Shows who is in the call, with tracks, levels and connection quality")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapGet("/{id}/stats", GetStatsAsync)
            .WithSummary("Shows counters of the connection, the tracks and the listeners")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapPost("/{id}/custom_events", SendCustomEventAsync)
            .WithSummary("Sends a custom event into the call, as the participant")
            .RequireAuthorization(Scopes.SessionsWrite)
            .WithIdempotency();
        group.MapPost("/{id}/reactions", SendReactionAsync)
            .WithSummary("Sends a reaction into the call, as the participant")
            .RequireAuthorization(Scopes.SessionsWrite)
            .WithIdempotency();
    }

    private static async Task<Results<Created<SessionResponse>, Accepted<SessionResponse>>> JoinAsync(
        JsonBody<JoinRequest> body, SessionPool pool, SessionJoiner joiner, HttpContext context)
    {
        joiner.Check(body.Value, context.User);
        var session = pool.Start(body.Value, context.User);
        var location = $"/v1/sessions/{session.Id}";
        if (PrefersAsync(context.Request))
        {
            context.Response.Headers["Preference-Applied"] = "respond-async";
            return TypedResults.Accepted(location, session.Describe());
        }

        await JoinWatch.WaitAsync(session, pool, context);
        return session.JoinedAt is not null
            ? TypedResults.Created(location, session.Describe())
            : throw session.Failure ?? new ProblemException(ProblemTypes.Cancelled, "The join was cancelled.");
    }

    private static Ok<SessionPage> List(
        SessionPool pool, ClaimsPrincipal caller, string? call_cid, string? user_id, string? state, int? limit, string? next, string? prev)
    {
        var wanted = ParseState(state);
        var matching = pool.All(caller)
            .Where(session => (call_cid is null || session.Cid == call_cid)
                && (user_id is null || session.UserId == user_id)
                && (wanted is null || session.State == wanted))
            .ToList();
        return TypedResults.Ok(SessionPages.Take(matching, limit, next, prev));
    }

    private static Ok<SessionResponse> Get(string id, SessionPool pool, ClaimsPrincipal caller) =>
        TypedResults.Ok(pool.Get(id, caller).Describe());

    private static async Task<Ok<SessionResponse>> UpdateAsync(
        string id, JsonBody<UpdateSessionRequest> body, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var session = pool.Get(id, caller);
        var changes = body.Value;
        if (changes.Subscribe is { } subscribe)
        {
            var inForce = await session.RequireNative().SubscribeAsync(subscribe.ToNative(), cancellationToken);
            session.SetSubscribe(SubscribeRequest.From(inForce));
        }

        if (changes.Muted is { } muted)
        {
            var inForce = await session.RequireNative().MuteAsync(muted.Audio, muted.Video, cancellationToken);
            session.SetMuted(new MutedResponse(inForce.Audio, inForce.Video));
        }

        if (changes.Metadata is { } metadata)
        {
            session.SetMetadata(metadata);
        }

        return TypedResults.Ok(session.Describe());
    }

    private static async Task<NoContent> LeaveAsync(string id, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await pool.LeaveAsync(pool.Get(id, caller), "left", cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<ParticipantsResponse> ListParticipants(string id, SessionPool pool, ClaimsPrincipal caller) =>
        TypedResults.Ok(pool.Get(id, caller).DescribeParticipants());

    private static async Task<Ok<StatsResponse>> GetStatsAsync(
        string id, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var native = pool.Get(id, caller).RequireNative();
        var stats = await native.GetStatsAsync(cancellationToken);
        var timing = stats.Timing;
        return TypedResults.Ok(new StatsResponse(
            new JoinTimingResponse(
                timing.CoordinatorMs, timing.SignalingMs, timing.IceMs, timing.DtlsMs, timing.FirstPacketMs, timing.TotalMs),
            stats.Reconnects,
            stats.Signaling,
            stats.Publisher,
            stats.Subscriber,
            stats.Tracks,
            stats.Sinks,
            native.EventsDropped));
    }

    private static async Task<NoContent> SendCustomEventAsync(
        string id, JsonBody<CustomEventRequest> body, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await pool.Get(id, caller).RequireNative().SendCustomEventAsync(body.Value.Custom!.Value, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> SendReactionAsync(
        string id, JsonBody<ReactionRequest> body, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var reaction = body.Value;
        await pool.Get(id, caller).RequireNative()
            .SendReactionAsync(reaction.Type!, reaction.EmojiCode, reaction.Custom, cancellationToken);
        return TypedResults.NoContent();
    }

    private static SessionState? ParseState(string? name)
    {
        if (name is null)
        {
            return null;
        }

        foreach (var state in Enum.GetValues<SessionState>())
        {
            if (JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString()) == name)
            {
                return state;
            }
        }

        var errors = new RequestErrors();
        errors.Add("state", $"must be {JsonKinds.Describe(typeof(SessionState))}");
        errors.ThrowIfAny();
        return null;
    }

    private static bool PrefersAsync(HttpRequest request) =>
        request.Headers["Prefer"].Any(value =>
            value?.Split(',', ';').Any(part => part.Trim().Equals("respond-async", StringComparison.OrdinalIgnoreCase)) == true);
}
