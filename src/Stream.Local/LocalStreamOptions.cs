using System.Net;
using GetStream.Local.Webhooks;

namespace GetStream.Local;

/// <summary>Where the embedded Stream listens, its credentials, and its bounds.</summary>
public sealed record LocalStreamOptions
{
    /// <summary>Address of the coordinator and, unless told otherwise, of the SFU.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of the coordinator; 0 takes a free one.</summary>
    public int Port { get; init; } = 8090;

    /// <summary>Port of the SFU's signaling; 0 takes a free one.</summary>
    public int SfuPort { get; init; } = 8091;

    /// <summary>UDP port of the SFU's media; 0 takes a free one.</summary>
    public int SfuMediaPort { get; init; }

    /// <summary>IP address that clients reach the SFU's media at, when it is not <see cref="Host"/>.</summary>
    public string? SfuPublicAddress { get; init; }

    /// <summary>UDP relay or port mapping in front of the SFU's media port, as <c>ip:port</c>; clients are told it instead.</summary>
    public string? SfuMediaRelay { get; init; }

    /// <summary>Name of the SFU, as joins answer it. Further ones are named after it, such as <c>local-1-2</c>.</summary>
    public string EdgeName { get; init; } = "local-1";

    /// <summary>
    /// SFUs, 1 to 4, to test how clients move from one to another. The first has the configured ports, the others free ones.
    /// </summary>
    public int SfuCount { get; init; } = 1;

    /// <summary>
    /// Origins whose pages may call, such as <c>https://app.example.com</c>. On a loopback <see cref="Host"/> pages of this machine
    /// may as well; on another, none named means all.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    public string ApiKey { get; init; } = "local";

    /// <summary>Signs user tokens; null takes a random one for each start.</summary>
    public string? ApiSecret { get; init; }

    /// <summary>File that keeps the state over restarts; null keeps it in memory alone.</summary>
    public string? DataFile { get; init; }

    /// <summary>
    /// Where all events are sent, signed, as Stream's webhooks are; null for nowhere. UpdateApp changes it.
    /// </summary>
    public string? WebhookUrl { get; init; }

    /// <summary>
    /// IP addresses and networks, such as <c>10.0.0.0/8</c>, that webhooks set over the API may lead to although they are
    /// not public. <see cref="WebhookUrl"/> leads anywhere.
    /// </summary>
    public IReadOnlyList<string> AllowedWebhookNetworks { get; init; } = [];

    /// <summary>
    /// Takes a user of a good token who was never created, as created now. Stream itself answers "does not exist" until
    /// the user was created by the server or connected to the WebSocket.
    /// </summary>
    public bool CreateUnknownUsers { get; init; } = true;

    /// <summary>Requests per minute and operation before code 9 is answered.</summary>
    public int RateLimitPerMinute { get; init; } = 60_000;

    public int MaxUsers { get; init; } = 100_000;

    public int MaxCalls { get; init; } = 100_000;

    public int MaxCallTypes { get; init; } = 200;

    public int MaxMembersPerCall { get; init; } = 10_000;

    /// <summary>WebSockets open at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>WebSockets that nobody has authenticated on yet.</summary>
    public int MaxHandshakes { get; init; } = 256;

    /// <summary>Guests that exist at once; anybody may ask to be one.</summary>
    public int MaxGuests { get; init; } = 10_000;

    /// <summary>Guests that are taken in a minute.</summary>
    public int MaxGuestsPerMinute { get; init; } = 600;

    /// <summary>
    /// Connections open at once, WebSockets and others; null for what the process may have open. Beyond it the one that has done
    /// nothing for longest gives way, and when all are in use one more is answered 503.
    /// </summary>
    public int? MaxHttpConnections { get; init; }

    /// <summary>Events waiting for one slow WebSocket; one more and it is closed.</summary>
    public int MaxQueuedEvents { get; init; } = 1_024;

    /// <summary>Calls one WebSocket may watch.</summary>
    public int MaxWatchedCalls { get; init; } = 5_000;

    /// <summary>Bytes of a request body.</summary>
    public int MaxBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>A WebSocket that sends nothing for so long is dropped.</summary>
    public TimeSpan ConnectionSilence { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>A WebSocket must send its authentication within this time.</summary>
    public TimeSpan ConnectionHandshake { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stop waits for requests and connections to end.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    internal void Validate()
    {
        RequirePort(Port, nameof(Port));
        RequirePort(SfuPort, nameof(SfuPort));
        RequirePort(SfuMediaPort, nameof(SfuMediaPort));
        if (!IPAddress.TryParse(Host, out _))
            throw new ArgumentException($"{nameof(Host)} must be an IP address, not \"{Host}\".");
        RequireText(EdgeName, nameof(EdgeName));
        if (SfuCount is < 1 or > 4)
            throw new ArgumentException($"{nameof(SfuCount)} must be between 1 and 4, not {SfuCount}.");
        RequireText(ApiKey, nameof(ApiKey));
        if (ApiSecret is { Length: < 8 })
            throw new ArgumentException($"{nameof(ApiSecret)} must have at least 8 characters.");
        if (WebhookUrl is not null && !WebhookHook.IsAddress(WebhookUrl))
            throw new ArgumentException($"{nameof(WebhookUrl)} must be an absolute http or https address without user and password.");
        if (AllowedWebhookNetworks.FirstOrDefault(text => !WebhookNetworks.TryParse(text, out _)) is { } wrong)
            throw new ArgumentException(
                $"{nameof(AllowedWebhookNetworks)} has \"{wrong}\", which is neither an IP address nor a network such as 10.0.0.0/8.");
        foreach (var (name, value) in Bounds())
        {
            if (value < 1)
                throw new ArgumentException($"{name} must be at least 1, not {value}.");
        }
    }

    private IEnumerable<(string Name, int Value)> Bounds() =>
    [
        (nameof(RateLimitPerMinute), RateLimitPerMinute), (nameof(MaxUsers), MaxUsers), (nameof(MaxCalls), MaxCalls),
        (nameof(MaxCallTypes), MaxCallTypes), (nameof(MaxMembersPerCall), MaxMembersPerCall),
        (nameof(MaxConnections), MaxConnections), (nameof(MaxHttpConnections), MaxHttpConnections ?? 1), (nameof(MaxHandshakes), MaxHandshakes),
        (nameof(MaxGuests), MaxGuests), (nameof(MaxGuestsPerMinute), MaxGuestsPerMinute), (nameof(MaxQueuedEvents), MaxQueuedEvents),
        (nameof(MaxWatchedCalls), MaxWatchedCalls), (nameof(MaxBodyBytes), MaxBodyBytes),
    ];

    private static void RequirePort(int port, string name)
    {
        if (port is < 0 or > 65_535)
            throw new ArgumentException($"{name} must be between 0 and 65535, not {port}.");
    }

    private static void RequireText(string text, string name)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new ArgumentException($"{name} must not be empty.");
    }
}
