using System.Net;
using GetStream.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GetStream;

/// <summary>
/// The client of Stream's API, acting as the application's server. Safe from any thread; make one and keep it.
/// </summary>
public sealed class StreamClient : IDisposable
{
    private readonly HttpClient? _owned;

    /// <summary>Makes a client with connections of its own.</summary>
    /// <exception cref="ArgumentException">An option cannot work; the message names it.</exception>
    public StreamClient(StreamClientOptions options, ILogger<StreamClient>? logger = null)
        : this(options, new HttpClient(CreateHandler()), logger, null) =>
        _owned = Http;

    /// <summary>Makes a client over an HTTP client that somebody else owns; its timeout must be infinite.</summary>
    /// <exception cref="ArgumentException">An option cannot work; the message names it.</exception>
    public StreamClient(
        StreamClientOptions options, HttpClient http, ILogger<StreamClient>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(http);
        options.Validate();
        Http = http;
        http.Timeout = System.Threading.Timeout.InfiniteTimeSpan;
        var api = new ApiRequestor(
            http, options, logger ?? NullLogger<StreamClient>.Instance, time ?? TimeProvider.System);
        Common = new CommonClient(api);
        Chat = new ChatClient(api);
        Video = new VideoClient(api);
        Feeds = new FeedsClient(api);
        Moderation = new ModerationClient(api);
    }

    /// <summary>Users, devices, polls, files, imports, roles and the application itself.</summary>
    public CommonClient Common { get; }

    /// <summary>Channels, messages, threads, reactions, campaigns.</summary>
    public ChatClient Chat { get; }

    /// <summary>Calls and call types, recording, transcription, broadcasting, statistics.</summary>
    public VideoClient Video { get; }

    /// <summary>Feeds, activities, comments, follows, bookmarks.</summary>
    public FeedsClient Feeds { get; }

    /// <summary>Checks, flags, bans, review queues, rules.</summary>
    public ModerationClient Moderation { get; }

    private HttpClient Http { get; }

    /// <summary>Closes the connections that this client made itself.</summary>
    public void Dispose() => _owned?.Dispose();

    internal static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Brotli | DecompressionMethods.Deflate,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        UseCookies = false,
    };
}
