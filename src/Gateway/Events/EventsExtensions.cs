using StreamGateway.Settings;

namespace StreamGateway.Events;

internal static class EventsExtensions
{
    public static IServiceCollection AddGatewayEvents(this IServiceCollection services) =>
        services
            .AddSettings<EventsOptions>(EventsOptions.Section)
            .AddSingleton<EventsMetrics>()
            .AddSingleton<EventHub>()
            .AddSingleton<EventStream>();
}
