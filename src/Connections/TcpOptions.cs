using System.Net.Sockets;

namespace StreamGateway.Connections;

/// <summary>What Linux can be told of a connection and .NET has no names for.</summary>
internal static class TcpOptions
{
    private const int Info = 11;
    private const int UserTimeout = 18;
    private const int NotSentLowWater = 25;

    // The first byte of Info: neither side has the connection any more.
    private const byte Closed = 7;

    // Enough to keep a line busy; more would only hide for how long its client takes nothing.
    private const int UnsentBytes = 128 * 1024;

    /// <summary>The kernel keeps no more of a slow client's answer than keeps its line busy.</summary>
    public static void BoundUnsent(Socket socket) => Set(socket, NotSentLowWater, UnsentBytes);

    /// <summary>The kernel ends the connection when its client confirms nothing, or has no room, for so long.</summary>
    public static void SetStallTimeout(Socket socket, TimeSpan timeout) =>
        Set(socket, UserTimeout, (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue));

    /// <summary>
    /// Whether there is no connection any more: the server has ended it, or the client has reset it. The connection's state tells of a
    /// reset, and stays; the socket's error is told once, to whoever asks first. A reset that met a sending is told to that one, and the
    /// transport closes the socket.
    /// </summary>
    public static bool IsGone(Socket socket)
    {
        if (!IsTcp(socket))
        {
            return false;
        }

        try
        {
            Span<byte> state = stackalloc byte[1];
            return socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, Info, state) > 0 && state[0] == Closed;
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private static void Set(Socket socket, int option, int value)
    {
        if (!IsTcp(socket))
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, option, BitConverter.GetBytes(value));
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The client has closed already.
        }
    }

    private static bool IsTcp(Socket socket) => OperatingSystem.IsLinux() && socket.ProtocolType == ProtocolType.Tcp;
}
