using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StreamGateway.Tests.Mirror;

/// <summary>A Stream that does with its connections whatever a test wants, byte by byte.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    private RawUpstream(Func<Connection, Task> serve)
    {
        _listener.Start();
        _accepting = AcceptAsync(serve);
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <value>The heads of all requests so far.</value>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <param name="serve">What happens on each connection; it is closed afterwards.</param>
    public static RawUpstream Start(Func<Connection, Task> serve) => new(serve);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.WithTimeout();
        await Task.WhenAll(_connections).WithTimeout();
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<Connection, Task> serve)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _connections.Add(ServeAsync(new Connection(this, socket), serve));
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static async Task ServeAsync(Connection connection, Func<Connection, Task> serve)
    {
        using (connection)
        {
            try
            {
                await serve(connection);
            }
            catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side went away, or the test is over.
            }
        }
    }

    internal sealed class Connection(RawUpstream upstream, Socket socket) : IDisposable
    {
        private readonly NetworkStream _stream = new(socket, ownsSocket: true);

        /// <summary>Reads a request as far as its empty line and returns that.</summary>
        public async Task<string> ReadHeadAsync()
        {
            var head = new StringBuilder();
            var next = new byte[1];
            while (!EndsHead(head))
            {
                await _stream.ReadExactlyAsync(next, upstream._stop.Token);
                head.Append((char)next[0]);
            }

            upstream.Requests.Enqueue(head.ToString());
            return head.ToString();
        }

        public async Task<string> ReadAsync(int count)
        {
            var bytes = new byte[count];
            await _stream.ReadExactlyAsync(bytes, upstream._stop.Token);
            return Encoding.Latin1.GetString(bytes);
        }

        /// <summary>Ends when the other side does.</summary>
        public async Task ReadToEndAsync()
        {
            var buffer = new byte[64 * 1024];
            while (await _stream.ReadAsync(buffer, upstream._stop.Token) > 0)
            {
            }
        }

        /// <param name="text">Bytes, as Latin-1.</param>
        public Task WriteAsync(string text) =>
            _stream.WriteAsync(Encoding.Latin1.GetBytes(text), upstream._stop.Token).AsTask();

        /// <summary>Closes so that the other side sees a reset instead of an end.</summary>
        public void Reset()
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
        }

        public void Dispose() => _stream.Dispose();

        private static bool EndsHead(StringBuilder head) =>
            head.Length >= 4 && head[^4] is '\r' && head[^3] is '\n' && head[^2] is '\r' && head[^1] is '\n';
    }
}
