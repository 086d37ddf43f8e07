using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Tests.Browser;

/// <summary>The UDP way of all media to and from the SFU, which loses packets when a test wants it to.</summary>
/// <remarks>Each client is seen by the SFU under a port of its own.</remarks>
internal sealed class MediaRoad : IAsyncDisposable
{
    private const int MaxDatagram = 64 * 1024;

    private readonly Socket _front = Open();
    private readonly IPEndPoint _sfu;
    private readonly ConcurrentDictionary<SocketAddress, Socket> _clients = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random = new(Seed: 5);
    private readonly ConcurrentBag<Task> _carrying = [];

    private MediaRoad(int sfuPort)
    {
        _sfu = new IPEndPoint(IPAddress.Loopback, sfuPort);
        _carrying.Add(CarryUpAsync());
    }

    public int Port => ((IPEndPoint)_front.LocalEndPoint!).Port;

    /// <value>The part of the packets to the SFU that is lost, and so of what is heard; 0 unless a test sets it.</value>
    public double Loss { get; set; }

    public static MediaRoad To(int sfuPort) => new(sfuPort);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_carrying);
        _front.Dispose();
        _stop.Dispose();
    }

    private async Task CarryUpAsync()
    {
        var buffer = new byte[MaxDatagram];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var length = await _front.ReceiveFromAsync(buffer, SocketFlags.None, from, _stop.Token);
                if (!_clients.TryGetValue(from, out var toSfu))
                {
                    var client = new SocketAddress(from.Family, from.Size);
                    from.Buffer.CopyTo(client.Buffer);
                    _clients[client] = toSfu = Open();
                    await toSfu.ConnectAsync(_sfu);
                    _carrying.Add(CarryDownAsync(toSfu, client));
                }

                if (_random.NextDouble() >= Loss)
                {
                    await toSfu.SendAsync(buffer.AsMemory(0, length));
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task CarryDownAsync(Socket fromSfu, SocketAddress client)
    {
        using var _ = fromSfu;
        var buffer = new byte[MaxDatagram];
        try
        {
            while (true)
            {
                var length = await fromSfu.ReceiveAsync(buffer, SocketFlags.None, _stop.Token);
                await _front.SendToAsync(buffer.AsMemory(0, length), SocketFlags.None, client);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
