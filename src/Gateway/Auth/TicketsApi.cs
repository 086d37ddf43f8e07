using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;

namespace StreamGateway.Auth;

internal static class TicketsApi
{
    public static void MapTickets(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/tickets", CreateTicket)
            .WithTags("Tickets")
            .WithSummary("Makes a short-lived ticket for ?ticket= on event and media streams")
            .RequireAuthorization(Scopes.EventsRead);

    private static Created<TicketResponse> CreateTicket(ClaimsPrincipal caller, TicketService tickets)
    {
        var (ticket, expiresAt) = tickets.Create(caller);
        return TypedResults.Created((string?)null, new TicketResponse(ticket, expiresAt));
    }
}

/// <summary>A ticket and when it stops to be good; a stream that is open by then stays open.</summary>
internal sealed record TicketResponse(string Ticket, DateTimeOffset ExpiresAt);
