using System.Net;

namespace GetStream.Local.Webhooks;

/// <summary>Where webhooks that were set over the API may lead: to public addresses, and to what the operator allows besides.</summary>
/// <remarks>Addresses count, not names: a name is resolved for each connection, and may mean another address by then.</remarks>
internal sealed class WebhookNetworks(IEnumerable<string> allowed)
{
    /// <summary>Of the IANA registries of special-purpose addresses; IPv6 is public in 2000::/3 alone.</summary>
    private static readonly IPNetwork[] s_special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // some of them lead to IPv4 addresses
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork s_publicV6 = IPNetwork.Parse("2000::/3");

    private readonly IPNetwork[] _allowed = [.. allowed.Select(text => TryParse(text, out var network)
        ? network
        : throw new ArgumentException($"\"{text}\" is neither an IP address nor a network such as 10.0.0.0/8."))];

    public static bool TryParse(string text, out IPNetwork network)
    {
        if (!IPAddress.TryParse(text, out var address))
            return IPNetwork.TryParse(text, out network);
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

    public bool Allow(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes());
        return IsPublic(plain) || Array.Exists(_allowed, network => network.Contains(plain));
    }

    /// <summary>Whether it can be seen from the address alone that it leads nowhere, so that its sender hears of it at once.</summary>
    public bool Refuse(Uri url) =>
        (IPAddress.TryParse(url.IdnHost, out var address) && !Allow(address))
        || (url.IsLoopback && !Allow(IPAddress.Loopback) && !Allow(IPAddress.IPv6Loopback));

    private static bool IsPublic(IPAddress address) =>
        (address.GetAddressBytes().Length is 4 || s_publicV6.Contains(address))
        && !Array.Exists(s_special, network => network.Contains(address));
}
