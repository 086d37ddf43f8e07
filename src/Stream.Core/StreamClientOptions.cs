namespace GetStream;

/// <summary>How a <see cref="StreamClient"/> reaches the API. Read once, when the client is made.</summary>
public sealed record StreamClientOptions
{
    /// <summary>The application's key.</summary>
    public required string ApiKey { get; init; }

    /// <summary>The application's secret; signs the server's token and is never sent.</summary>
    public required string ApiSecret { get; init; }

    /// <summary>Where the API is; an absolute http or https address.</summary>
    public Uri BaseUrl { get; init; } = new("https://chat.stream-io-api.com");

    /// <summary>How long a call may take, retries included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an upload may take.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The largest answer accepted, after decompression, in bytes.</summary>
    public int MaxResponseBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How failed calls are repeated; null, the default, for not at all.</summary>
    public StreamRetryOptions? Retry { get; init; }

    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => $"{nameof(StreamClientOptions)} {{ ApiKey = {ApiKey}, BaseUrl = {BaseUrl} }}";

    /// <exception cref="ArgumentException">A value cannot work; the message names it.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(ApiKey);
        ArgumentException.ThrowIfNullOrWhiteSpace(ApiSecret);
        ArgumentNullException.ThrowIfNull(BaseUrl);
        if (!BaseUrl.IsAbsoluteUri || BaseUrl.Scheme is not ("http" or "https") || BaseUrl.Query.Length > 0)
        {
            throw new ArgumentException("BaseUrl must be an absolute http or https address without a query.", nameof(BaseUrl));
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Timeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(UploadTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxResponseBytes, 1);
        Retry?.Validate();
    }
}
