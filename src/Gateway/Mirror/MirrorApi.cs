using Microsoft.AspNetCore.Http.Metadata;
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

    public static void MapMirror(this IEndpointRouteBuilder routes)
    {
        // Not made here: a wrong setting is told when the service starts.
        var endpoint = new Lazy<MirrorEndpoint>(routes.ServiceProvider.GetRequiredService<MirrorEndpoint>);
        routes.Map(Prefix + "/{**path}", context => endpoint.Value.HandleAsync(context))
            .WithMetadata(new RequestSizeLimit())
            .ExcludeFromDescription() // MirrorDescription lists the operations one by one.
            .WithMetadata(new DetailAsMessage())
            .AllowAnonymous() // MirrorCaller checks keys and Stream's own tokens.
            .ShortCircuit(); // Nothing that follows in the pipeline has a part in it.
    }

    /// <summary>Uploads may be as large as Stream takes them; nothing of them is held here.</summary>
    private sealed class RequestSizeLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
