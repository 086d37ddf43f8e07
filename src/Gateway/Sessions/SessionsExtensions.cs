using StreamGateway.Settings;

namespace StreamGateway.Sessions;

internal static class SessionsExtensions
{
    public static IServiceCollection AddSessions(this IServiceCollection services) =>
        services
            .AddSettings<SessionPoolOptions>(SessionPoolOptions.Section)
            .AddSingleton<SessionPoolMetrics>()
            .AddSingleton<UserProfiles>()
            .AddSingleton<SessionJoiner>()
            .AddSingleton<SessionPool>()
            .AddHostedService(provider => provider.GetRequiredService<SessionPool>());
}
