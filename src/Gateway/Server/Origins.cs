using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace StreamGateway.Server;

/// <summary>Whose pages may use the gateway: its own, and those of <see cref="ServerOptions.AllowedOrigins"/>.</summary>
internal static class Origins
{
    /// <summary>What pages may read of an answer beside its body.</summary>
    private static readonly string[] Exposed =
    [
        "Location", "Retry-After", "Preference-Applied", "ETag", "Accept-Ranges", "Content-Range", "Allow", "WWW-Authenticate",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
    ];

    public static IServiceCollection AddOrigins(this IServiceCollection services)
    {
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<ServerOptions>>((cors, server) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. server.Value.AllowedOrigins])
            .AllowAnyMethod()
            .AllowAnyHeader()
            .WithExposedHeaders(Exposed)
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        return services;
    }

    /// <summary>Whether a setting is an origin as browsers write it: <c>https://app.example.com</c>, with a port where it is not the usual.</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        && address.GetLeftPart(UriPartial.Authority) == text;

    /// <summary>Whether a request comes from a page of another origin that nobody has allowed.</summary>
    /// <remarks>
    /// Browsers send <c>Origin</c> with all that may change something and with every WebSocket. What they fetch for a page
    /// otherwise they mark with <c>Sec-Fetch-Site</c>; following a link changes nothing and shows the page nothing.
    /// </remarks>
    public static bool IsForeign(HttpRequest request, IList<string> allowed)
    {
        if (request.Headers.Origin.ToString() is { Length: > 0 } origin)
        {
            return !IsOwn(origin, request.Host) && !allowed.Contains(origin);
        }

        return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !IsLink(request);
    }

    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var address)
        && address.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    private static bool IsLink(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";
}
