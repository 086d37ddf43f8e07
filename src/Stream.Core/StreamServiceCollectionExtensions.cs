using GetStream;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the client of Stream's API.</summary>
public static class StreamServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="StreamClient"/> as a singleton over connections of <see cref="IHttpClientFactory"/>'s kind: the
    /// returned builder configures them. Logging of the HTTP layer is off, since addresses and headers carry keys.
    /// </summary>
    /// <param name="services">Where to add.</param>
    /// <param name="options">Called once, when the client is first needed.</param>
    public static IHttpClientBuilder AddStreamClient(
        this IServiceCollection services, Func<IServiceProvider, StreamClientOptions> options)
    {
        const string Name = nameof(StreamClient);
        _ = services.AddSingleton(provider => new StreamClient(
            options(provider),
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(Name),
            provider.GetService<ILogger<StreamClient>>(),
            provider.GetService<TimeProvider>()));
        return services.AddHttpClient(Name)
            .ConfigurePrimaryHttpMessageHandler(StreamClient.CreateHandler)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // The handler renews its connections by itself.
            .RemoveAllLoggers();
    }

    /// <inheritdoc cref="AddStreamClient(IServiceCollection, Func{IServiceProvider, StreamClientOptions})"/>
    public static IHttpClientBuilder AddStreamClient(this IServiceCollection services, StreamClientOptions options) =>
        services.AddStreamClient(_ => options);
}
