using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using StreamGateway.Settings;

namespace StreamGateway.Upstream;

/// <summary>The Stream application the gateway works for: section <c>Stream</c>. Without a key, the embedded Stream.</summary>
internal sealed class StreamOptions
{
    public const string Section = "Stream";

    public static readonly Uri CloudUrl = new("https://chat.stream-io-api.com");
    public static readonly Uri CloudVideoUrl = new("https://video.stream-io-api.com");

    /// <value>The environment variable <c>STREAM_API_KEY</c> sets it too.</value>
    public string? ApiKey { get; set; }

    /// <value>The environment variable <c>STREAM_API_SECRET</c> sets it too.</value>
    public string? ApiSecret { get; set; }

    /// <value>Where Stream's REST API is. <c>STREAM_BASE_URL</c> sets it too.</value>
    public Uri BaseUrl { get; set; } = CloudUrl;

    /// <value>Where calls are joined; the default is Stream's video API, or a <c>BaseUrl</c> of your own.</value>
    public Uri? VideoBaseUrl { get; set; }

    /// <value>How long the token of a participant is good, in hours. The default is 24.</value>
    [Range(1, 24 * 365)]
    public int UserTokenHours { get; set; } = 24;

    /// <value>
    /// How long Stream may take to answer a mirrored request, and how long its transfer may stand still. The default is one minute.
    /// </value>
    [Duration("00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(1);

    public bool IsConfigured => !string.IsNullOrWhiteSpace(ApiKey);
}

/// <summary>A key without its secret would fail only at the first join; say it at start.</summary>
internal sealed class StreamOptionsValidator : IValidateOptions<StreamOptions>
{
    public ValidateOptionsResult Validate(string? name, StreamOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.ApiKey) != string.IsNullOrWhiteSpace(options.ApiSecret))
        {
            return ValidateOptionsResult.Fail("Stream:ApiKey and Stream:ApiSecret belong together: set both or neither.");
        }

        if (options.BaseUrl is { IsAbsoluteUri: true, UserInfo.Length: > 0 })
        {
            return ValidateOptionsResult.Fail("Stream:BaseUrl may not hold a user name or a password.");
        }

        return options.BaseUrl.IsAbsoluteUri && options.BaseUrl.Scheme is "http" or "https"
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Stream:BaseUrl must be an absolute http or https address.");
    }
}
