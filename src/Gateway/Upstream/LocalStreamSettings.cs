using System.ComponentModel.DataAnnotations;
using GetStream.Local;

namespace StreamGateway.Upstream;

/// <summary>The Stream embedded in this process, used when no application is configured: section <c>LocalStream</c>.</summary>
internal sealed class LocalStreamSettings
{
    public const string Section = "LocalStream";

    /// <value>
    /// IP address that the REST API and the media server listen on; 0.0.0.0 or :: for all. <c>LOCAL_STREAM_HOST</c> sets it too.
    /// The default is 127.0.0.1.
    /// </value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>IP address that clients reach the media server at, when it is another. <c>LOCAL_STREAM_PUBLIC_ADDRESS</c> sets it too.</value>
    public string? PublicAddress { get; set; }

    /// <value>Port of the REST API; 0 takes a free one. <c>LOCAL_STREAM_PORT</c> sets it too. The default is 8090.</value>
    [Range(0, 65535)]
    public int Port { get; set; } = 8090;

    /// <value>Port of the media server's signaling; 0 takes a free one. The default is 8091.</value>
    [Range(0, 65535)]
    public int SfuPort { get; set; } = 8091;

    /// <value>UDP port of media; the default takes a free one.</value>
    [Range(0, 65535)]
    public int SfuMediaPort { get; set; }

    /// <value>UDP relay or port mapping in front of the media port, as <c>ip:port</c>, that clients are told instead. The default is none.</value>
    public string? SfuMediaRelay { get; set; }

    /// <value>Origins whose pages may call the embedded Stream, such as <c>https://app.example.com</c>; pages of this machine may as well.</value>
    [MaxLength(100)]
    public IList<string> AllowedOrigins { get; } = [];

    /// <value>The application's key. The default is <c>local</c>.</value>
    [Required]
    public string ApiKey { get; set; } = "local";

    /// <value>Signs tokens, with at least 8 characters; the default is made at each start. <c>LOCAL_STREAM_API_SECRET</c> sets it too.</value>
    [MinLength(8, ErrorMessage = "{0} must have at least 8 characters.")]
    public string? ApiSecret { get; set; }

    /// <value>File that keeps users and calls over restarts; the default keeps them in memory.</value>
    public string? DataFile { get; set; }

    /// <value>Where all its events are sent, signed, as webhooks. <c>/v1/webhooks/stream</c> of this gateway tells them on
    /// over <c>/v1/events</c>. The default sends them nowhere.</value>
    public string? WebhookUrl { get; set; }

    /// <value>IP addresses and networks, such as <c>10.0.0.0/8</c>, that webhooks set over its API may lead to although they
    /// are not public. The default is none; <c>WebhookUrl</c> leads anywhere.</value>
    public List<string> AllowedWebhookNetworks { get; } = [];

    public LocalStreamOptions ToOptions(int maxHttpConnections) => new()
    {
        MaxHttpConnections = maxHttpConnections,
        Host = Address,
        SfuPublicAddress = PublicAddress,
        Port = Port,
        SfuPort = SfuPort,
        SfuMediaPort = SfuMediaPort,
        SfuMediaRelay = SfuMediaRelay,
        AllowedOrigins = [.. AllowedOrigins],
        ApiKey = ApiKey,
        ApiSecret = ApiSecret,
        DataFile = DataFile,
        WebhookUrl = WebhookUrl,
        AllowedWebhookNetworks = AllowedWebhookNetworks,
    };
}
