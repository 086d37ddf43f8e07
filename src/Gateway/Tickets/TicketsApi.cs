using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Json;
using StreamGateway.Sessions;

namespace StreamGateway.Tickets;

/// <summary>Stand-ins for a key that may be put into an address.</summary>
internal static class TicketsApi
{
    public static IServiceCollection AddTickets(this IServiceCollection services) => services.AddSingleton<TicketRoutes>();

    public static void MapTickets(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/tickets", CreateTicket)
            .WithTags("Tickets")
            .WithSummary("Makes a short-lived ticket for ?ticket= on the event streams, media and files that it names")
            .WithDescription(
                "It opens what the body names and nothing else, for as long as `expires_at` says, any number of times, and only what the "
                + "key that made it may open. A stream that is open by then goes on until it ends by itself.")
            .RequireAuthorization(Scopes.AnyRead);

    private static Created<TicketResponse> CreateTicket(
        JsonBody<TicketRequest> body, ClaimsPrincipal caller, TicketService tickets, TicketRoutes routes, SessionPool pool)
    {
        var request = body.Value;
        if (request.SessionId is { } session)
        {
            _ = pool.Get(session, caller);
        }

        var grant = request.ToGrant();
        RequireScopes(grant, request, caller, routes);
        var (ticket, expiresAt) = tickets.Create(caller, grant);
        return TypedResults.Created((string?)null, new TicketResponse(ticket, expiresAt));
    }

    /// <summary>Told now, rather than to whoever opens it. A session as a whole opens as much of it as its maker may read.</summary>
    private static void RequireScopes(TicketGrant grant, TicketRequest request, ClaimsPrincipal caller, TicketRoutes routes)
    {
        var isWhole = request.SessionId is not null && request.Tracks is null;
        foreach (var path in grant.Paths)
        {
            var needed = routes.ScopesFor(path) ?? throw NotATicketRoute(path);
            var missing = needed.FirstOrDefault(scope => !caller.MayUse(scope));
            if (missing is not null && !(isWhole && missing != Scopes.SessionsWrite))
            {
                throw new ProblemException(
                    ProblemTypes.InsufficientScope, $"A ticket for {path} needs a key with the scope {missing}.");
            }
        }
    }

    private static ProblemException NotATicketRoute(string path)
    {
        var errors = new RequestErrors();
        errors.Add("paths", $"has {path}, which takes no tickets");
        return errors.ToProblem();
    }
}

/// <summary>A ticket and when it stops to be good; a stream that is open by then stays open.</summary>
internal sealed record TicketResponse(string Ticket, DateTimeOffset ExpiresAt);
