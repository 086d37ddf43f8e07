using GetStream;
using Microsoft.Extensions.Options;
using StreamGateway.Settings;

namespace StreamGateway.Upstream;

internal static class UpstreamExtensions
{
    /// <summary>Adds the client of Stream's API: of the configured application, or of the embedded Stream.</summary>
    public static IServiceCollection AddUpstream(this IServiceCollection services)
    {
        services.AddSettings<StreamOptions>(StreamOptions.Section);
        services.AddSingleton<IValidateOptions<StreamOptions>, StreamOptionsValidator>();
        services.AddSettings<LocalStreamSettings>(LocalStreamSettings.Section);
        services.AddSingleton<StreamConnection>();
        services.AddHostedService<UpstreamHost>();
        services.AddStreamClient(provider => provider.GetRequiredService<StreamConnection>().Options);
        // For services that are made before the address of the embedded Stream is known.
        services.AddSingleton(provider => new Lazy<StreamClient>(provider.GetRequiredService<StreamClient>));
        return services;
    }
}
