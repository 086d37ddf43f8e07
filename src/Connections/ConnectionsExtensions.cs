using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace StreamGateway.Connections;

public static class ConnectionsExtensions
{
    /// <summary>Bounds the connections of the host's Kestrel; after <c>UseKestrel</c>. Asks for the limits when it binds an address.</summary>
    public static IServiceCollection AddConnectionLimits(
        this IServiceCollection services, Func<IServiceProvider, ConnectionLimits> limits)
    {
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddMetrics()
            .AddSingleton(limits)
            .AddSingleton<ConnectionGate>()
            .AddSingleton<SocketTransportFactory>()
            // Kestrel takes the last one that can bind an address.
            .AddSingleton<IConnectionListenerFactory, BoundedListenerFactory>()
            .AddSingleton<IStartupFilter, RequestMarks>();
    }

    /// <summary>How long the client may take nothing of this answer.</summary>
    public static void SetStallTimeout(this HttpContext context, TimeSpan timeout)
    {
        if (context.Features.Get<IStallTimeoutFeature>() is { } stall)
        {
            stall.StallTimeout = timeout;
        }
    }

    /// <summary>Marks, around everything else, when a connection has a request.</summary>
    private sealed class RequestMarks : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(inner => context => MarkAsync(inner, context));
            next(app);
        };

        private static Task MarkAsync(RequestDelegate next, HttpContext context) =>
            context.Features.Get<OpenConnection>() is { } connection ? MarkAsync(next, context, connection) : next(context);

        private static async Task MarkAsync(RequestDelegate next, HttpContext context, OpenConnection connection)
        {
            connection.BeginRequest();
            try
            {
                await next(context);
            }
            finally
            {
                connection.EndRequest();
            }
        }
    }
}
