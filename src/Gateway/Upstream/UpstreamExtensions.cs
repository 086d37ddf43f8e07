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
        services.AddSingleton<StreamConnection>();
        services.AddStreamClient(provider => provider.GetRequiredService<StreamConnection>().Client);
        return services;
    }
}
