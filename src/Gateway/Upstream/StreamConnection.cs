using GetStream;
using GetStream.Auth;
using Microsoft.Extensions.Options;

namespace StreamGateway.Upstream;

/// <summary>Where the Stream this gateway works for is, and how to act for its users. Known once the service has started.</summary>
internal sealed class StreamConnection(IOptions<StreamOptions> options, TimeProvider time)
{
    private StreamClientOptions? _options;

    /// <value>What the REST client needs.</value>
    public StreamClientOptions Options => _options ?? throw new InvalidOperationException("The service has not started.");

    /// <value>Where calls are joined.</value>
    public Uri VideoBaseUrl { get; private set; } = null!;

    /// <value>Where the SFU of the Stream embedded in this process is; null for a Stream application.</value>
    public Uri? SfuUrl { get; private set; }

    public void UseConfigured()
    {
        var configured = options.Value;
        _options = new StreamClientOptions
        {
            ApiKey = configured.ApiKey!,
            ApiSecret = configured.ApiSecret!,
            BaseUrl = configured.BaseUrl,
        };
        VideoBaseUrl = configured.VideoBaseUrl
            ?? (configured.BaseUrl == StreamOptions.CloudUrl ? StreamOptions.CloudVideoUrl : configured.BaseUrl);
    }

    public void UseEmbedded(Uri url, Uri sfuUrl, string apiKey, string apiSecret)
    {
        _options = new StreamClientOptions { ApiKey = apiKey, ApiSecret = apiSecret, BaseUrl = url };
        VideoBaseUrl = url;
        SfuUrl = sfuUrl;
    }

    /// <summary>A token for a participant of ours, good for as long as configured.</summary>
    public string CreateUserToken(string userId) =>
        CreateUserToken(userId, new UserTokenClaims { ExpiresIn = TimeSpan.FromHours(options.Value.UserTokenHours) });

    public string CreateUserToken(string userId, UserTokenClaims claims) =>
        StreamTokens.CreateUserToken(Options.ApiSecret, userId, claims, time);
}
