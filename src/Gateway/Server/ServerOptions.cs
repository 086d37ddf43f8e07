using System.ComponentModel.DataAnnotations;

namespace StreamGateway.Server;

/// <summary>Where the gateway listens and what it tells of requests: section <c>Server</c>.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Server";

    /// <value>An IP address. Another than loopback needs keys in <c>Auth:Keys</c>. The default is 127.0.0.1.</value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>0 takes a free port. The default is 8080; the environment variable <c>PORT</c> sets it too.</value>
    [Range(0, 65535)]
    public int Port { get; set; } = 8080;

    /// <value>Origins whose pages may use the gateway from a browser, such as <c>https://app.example.com</c>. The default is none.</value>
    [MaxLength(100)]
    public IList<string> AllowedOrigins { get; } = [];

    /// <value>Whether every request is told in the log, without its query. The default is no.</value>
    public bool LogRequests { get; set; }
}
