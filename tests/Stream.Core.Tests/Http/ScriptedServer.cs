using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GetStream.Tests.Http;

/// <summary>A TCP server on loopback that does to each connection what a test says: the byte-exact way to misbehave.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<NetworkStream, int, Task> _script;
    private readonly Task _accepting;
    private int _connections;

    private ScriptedServer(Func<NetworkStream, int, Task> script)
    {
        _script = script;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Runs the script for each connection; it gets the stream and the connection's number, from 1.</summary>
    public static ScriptedServer Start(Func<NetworkStream, int, Task> script) => new(script);

    /// <summary>Reads a request to the end of its headers, then answers with these bytes and closes.</summary>
    public static ScriptedServer Answering(params string[] answers) => new(async (stream, number) =>
    {
        await ReadRequestAsync(stream);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answers[Math.Min(number, answers.Length) - 1]));
    });

    /// <summary>As <see cref="Answering"/>, but the connection ends with a reset instead of an orderly close.</summary>
    public static ScriptedServer Resetting(string answer) => new(async (stream, _) =>
    {
        await ReadRequestAsync(stream);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
        stream.Socket.LingerState = new LingerOption(true, 0);
    });

    public static string Json(string status, string body, string headers = "") =>
        $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n{headers}\r\n{body}";

    public static async Task ReadRequestAsync(NetworkStream stream)
    {
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal)
            && await stream.ReadAsync(buffer) is > 0 and var count)
        {
            _ = request.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                client.LingerState = new LingerOption(true, 1);
                await _script(client.GetStream(), Interlocked.Increment(ref _connections)).WaitAsync(_stop.Token);
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }
}
