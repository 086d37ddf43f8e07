using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;

namespace GetStream.Local.Webhooks;

/// <summary>Makes the clients that deliver events: they follow no redirect, and one of them leads only where it may.</summary>
internal static class WebhookClient
{
    /// <summary>For the address that the operator configured.</summary>
    public static HttpClient Trusted(IMeterFactory meters) => Create(Handler(meters));

    /// <summary>For addresses set over the API: each connection goes to an address that was looked at.</summary>
    public static HttpClient Guarded(WebhookNetworks networks, IMeterFactory meters)
    {
        var handler = Handler(meters);
        handler.UseProxy = false; // it would connect instead of us
        handler.ConnectCallback = (context, aborted) => ConnectAsync(context.DnsEndPoint, networks, aborted);
        return Create(handler);
    }

    private static HttpClient Create(SocketsHttpHandler handler) =>
        new(handler) { Timeout = Timeout.InfiniteTimeSpan }; // each hook has a timeout of its own

    private static SocketsHttpHandler Handler(IMeterFactory meters) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MeterFactory = meters, // whoever names the addresses would name the series
    };

    private static async ValueTask<System.IO.Stream> ConnectAsync(
        DnsEndPoint target, WebhookNetworks networks, CancellationToken aborted)
    {
        var found = await Dns.GetHostAddressesAsync(target.Host, aborted);
        var allowed = Array.FindAll(found, networks.Allow);
        if (allowed.Length == 0)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "the address is not public");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, aborted);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
