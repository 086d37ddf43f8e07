using Microsoft.AspNetCore.Routing.Patterns;
using StreamGateway.Errors;

namespace StreamGateway.Mirror;

/// <summary>Every operation of Stream's REST API at its own method and path.</summary>
internal static class MirrorApi
{
    public const string Prefix = "/api/v2";

    public static IServiceCollection AddMirror(this IServiceCollection services) =>
        services
            .AddSingleton<MirrorRoutes>()
            .AddSingleton<MirrorCaller>()
            .AddSingleton<MirrorForwarder>()
            .AddSingleton<MirrorEndpoint>();

    /// <summary>
    /// Takes whatever is below the prefix out of the pipeline: routes, keys' policies and status pages have no part in it, and
    /// passing them costs a tenth of a small request.
    /// </summary>
    public static void UseMirror(this WebApplication app)
    {
        // Not made here: a wrong setting is told when the service starts.
        var mirror = new Lazy<MirrorEndpoint>(app.Services.GetRequiredService<MirrorEndpoint>);
        var endpoint = Describe(context => mirror.Value.HandleAsync(context));
        app.Use(next => context =>
        {
            if (!context.Request.Path.StartsWithSegments(Prefix, StringComparison.Ordinal))
            {
                return next(context);
            }

            context.SetEndpoint(endpoint); // for the log, the metrics and ProblemWriter
            return endpoint.RequestDelegate!(context);
        });
    }

    private static Endpoint Describe(RequestDelegate handle) =>
        new RouteEndpointBuilder(handle, RoutePatternFactory.Parse(Prefix + "/{**path}"), order: 0)
        {
            DisplayName = "Stream's REST API",
            Metadata = { new DetailAsMessage() },
        }.Build();
}
