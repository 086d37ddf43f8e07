using System.Net;
using System.Net.Sockets;

namespace GetStream.Benchmarks;

/// <summary>Answers every request on loopback with the same bytes and allocates nothing for it.</summary>
internal sealed class CannedServer : IDisposable
{
    private static readonly byte[] s_endOfHeaders = "\r\n\r\n"u8.ToArray();

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _answer;

    public CannedServer(byte[] answer)
    {
        _answer = answer;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(256);
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        socket.NoDelay = true;
        var buffer = new byte[8192];
        var length = 0;
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(length)) is > 0 and var count)
            {
                length += count;
                if (buffer.AsSpan(0, length).EndsWith(s_endOfHeaders))
                {
                    length = 0;
                    _ = await socket.SendAsync(_answer.AsMemory());
                }
            }
        }
        catch (SocketException)
        {
            // The client has closed its connections.
        }
    }
}
