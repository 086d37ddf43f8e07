using Microsoft.AspNetCore.Http.Features;

namespace GetStream.Local.Http;

/// <summary>
/// Ends WebSockets whose client does not mask what it sends (RFC 6455, 5.1), which .NET takes. Masking is what keeps a proxy
/// on the way from reading a page's bytes as requests of its own.
/// </summary>
public static class MaskedFrames
{
    /// <summary>Goes before <c>UseWebSockets</c>.</summary>
    public static void UseMaskedFrames(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
            context.Features.Set<IHttpUpgradeFeature>(new Upgrade(upgrade));
        return next(context);
    });

    private sealed class Upgrade(IHttpUpgradeFeature upgrade) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => upgrade.IsUpgradableRequest;

        public async Task<System.IO.Stream> UpgradeAsync() => new MaskedFrameStream(await upgrade.UpgradeAsync());
    }
}
