using System.Text;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Extensions.Logging;
using StreamGateway.Connections;
using StreamGateway.Events;
using StreamGateway.Media;
using StreamGateway.Settings;

namespace StreamGateway.Server;

internal static class ServerExtensions
{
    /// <summary>Sends every log line to the sinks named in the section <c>Serilog</c>.</summary>
    public static void AddGatewayLogging(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        try
        {
            builder.Logging.AddSerilog(LogSettings.Create(builder.Configuration), dispose: true);
        }
        catch (StartupException unusable)
        {
            builder.Services.AddSingleton(unusable); // told when the service is to start, like any other
        }

        // Only this keeps the host from making an activity and a logging scope for every request, which nothing reads.
        builder.Logging.AddFilter<SerilogLoggerProvider>("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
    }

    /// <summary>Configures Kestrel: where it listens and the limits of one request.</summary>
    public static void AddGatewayServer(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<ServerOptions>(ServerOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsValidator>();
        builder.Services.AddSingleton<DescriptorBudget>();
        builder.Services.AddSingleton<ResourceMonitor>();
        builder.Services.AddSingleton<ResourceMetrics>();
        builder.Services.AddHostedService<StartupReport>();
        builder.Services.AddSingleton<IStartupFilter, RequestLog.Filter>();
        builder.Services.AddOrigins();
        builder.Services.AddSingleton<IStartupFilter, RequestGuard.Filter>();

        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Stream's headers go out byte for byte as they came, whatever is in them.
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.RequestHeaderEncodingSelector = ConnectionHeader.EncodingOf;
            // Long enough that an over-long id in a path is answered by its route, with a problem, not by an empty 414.
            kestrel.Limits.MaxRequestLineSize = 32 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        });
        // Saves a system call a request; an idle connection holds a buffer of 4 KB in exchange.
        builder.WebHost.UseSockets(sockets => sockets.WaitForDataBeforeAllocatingBuffer = false);
        builder.Services.AddConnectionLimits(LimitsOf);
        builder.Services.AddOptions<EventsOptions>().PostConfigure<DescriptorBudget>((events, budget) =>
            events.MaxReaders = Math.Min(events.MaxReaders, budget.Readers));
        builder.Services.AddOptions<ListenersOptions>().PostConfigure<DescriptorBudget>((listeners, budget) =>
            listeners.MaxListeners = Math.Min(listeners.MaxListeners, budget.Listeners));
        builder.Services.Configure<HostOptions>(host =>
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost);
    }

    private static ConnectionLimits LimitsOf(IServiceProvider services)
    {
        var server = services.GetRequiredService<IOptions<ServerOptions>>().Value;
        return new ConnectionLimits
        {
            Server = "gateway",
            MaxConnections = services.GetRequiredService<DescriptorBudget>().Connections,
            Refusal = RefusedConnection.Answer,
            FirstRequestTimeout = server.HeaderTimeout,
            StallTimeout = server.StalledClientTimeout,
        };
    }
}
