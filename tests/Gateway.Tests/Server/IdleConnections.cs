using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Tests.Server;

/// <summary>Connections of a client that says nothing.</summary>
internal sealed class IdleConnections : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public int Count => _sockets.Count;

    /// <summary>Opens them one after the other; what the server has closed already counts as opened.</summary>
    public static async Task<IdleConnections> OpenAsync(Uri server, int count)
    {
        var idle = new IdleConnections();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            idle._sockets.Add(socket);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port)).WithTimeout();
        }

        return idle;
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
}
