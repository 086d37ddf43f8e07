using System.ComponentModel.DataAnnotations;
using System.Net;
using StreamGateway.Settings;

namespace StreamGateway.Server;

/// <summary>Where the gateway listens and what it tells of requests: section <c>Server</c>.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>Every address of the machine: of IPv6 and IPv4, or of IPv4 alone where there is no other.</summary>
    public const string AnyAddress = "*";

    /// <value>
    /// An IP address, or <see cref="AnyAddress"/>. Another than loopback needs keys in <c>Auth:Keys</c>. The default is 127.0.0.1.
    /// </value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>0 takes a free port. The default is 8080; the environment variable <c>PORT</c> sets it too.</value>
    [Range(0, 65535)]
    public int Port { get; set; } = 8080;

    /// <value>Origins whose pages may use the gateway from a browser, such as <c>https://app.example.com</c>. The default is none.</value>
    [MaxLength(100)]
    public IList<string> AllowedOrigins { get; } = [];

    /// <value>
    /// Connections at once; the default is what the limit of open files leaves, at most 20,000. Beyond it the one that has done
    /// nothing for longest gives way, and when all are in use one more is answered 503.
    /// </value>
    [Range(8, 1_000_000)]
    public int? MaxConnections { get; set; }

    /// <value>How long a connection may take to the end of its request's head. The default is 10 seconds.</value>
    [Duration("00:00:01", "00:02:00")]
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>
    /// A client that takes nothing of an answer for so long is cut off; event streams and listeners have settings of their own. The
    /// default is 30 seconds.
    /// </value>
    [Duration("00:00:05", "01:00:00")]
    public TimeSpan StalledClientTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>Whether every request is told in the log, without its query. The default is no.</value>
    public bool LogRequests { get; set; }

    /// <summary>Where it listens.</summary>
    public string ToUrl() => UrlAt(Address);

    /// <summary>Where this machine reaches it.</summary>
    public string ToLocalUrl() => UrlAt(Address is AnyAddress || IsAny(Address) ? "127.0.0.1" : Address);

    private static bool IsAny(string address) =>
        IPAddress.TryParse(address, out var parsed) && (parsed.Equals(IPAddress.Any) || parsed.Equals(IPAddress.IPv6Any));

    private string UrlAt(string address) =>
        address.Contains(':', StringComparison.Ordinal) ? $"http://[{address}]:{Port}" : $"http://{address}:{Port}";
}
