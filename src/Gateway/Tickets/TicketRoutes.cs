using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing.Template;
using StreamGateway.Auth;

namespace StreamGateway.Tickets;

/// <summary>The routes that take tickets, and what they ask of whoever opens them.</summary>
internal sealed class TicketRoutes(EndpointDataSource endpoints)
{
    private readonly Lazy<IReadOnlyList<Route>> _routes = new(() => [.. Find(endpoints)]);

    /// <summary>The scopes that opening a path needs; null when no route that takes tickets has it.</summary>
    public IReadOnlyList<string>? ScopesFor(PathString path) =>
        _routes.Value.FirstOrDefault(route => route.Pattern.TryMatch(path, []))?.Scopes;

    private static IEnumerable<Route> Find(EndpointDataSource endpoints) =>
        from endpoint in endpoints.Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetMetadata<AcceptsTicket>() is not null
        select new Route(
            new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []),
            [.. endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy!)]);

    private sealed record Route(TemplateMatcher Pattern, IReadOnlyList<string> Scopes);
}
