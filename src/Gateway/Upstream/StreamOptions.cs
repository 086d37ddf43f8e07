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

        var failures = new[] { Failure(nameof(options.BaseUrl), options.BaseUrl), Failure(nameof(options.VideoBaseUrl), options.VideoBaseUrl) }
            .OfType<string>()
            .ToList();
        return failures.Count is 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>The address itself is not told: what is wrong with it may be a password.</summary>
    private static string? Failure(string setting, Uri? address) => address switch
    {
        null or { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 } => null,
        { IsAbsoluteUri: true, UserInfo.Length: > 0 } =>
            $"Stream:{setting} must have no user and password: set Stream:ApiKey and Stream:ApiSecret.",
        _ => $"Stream:{setting} must be an absolute http or https address without a query.",
    };
}
