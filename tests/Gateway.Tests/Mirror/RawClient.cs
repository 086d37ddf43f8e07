using System.Net.Sockets;
using System.Text;

namespace StreamGateway.Tests.Mirror;

/// <summary>A client that sends exactly the bytes a test gives it.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _connection = new();

    /// <value>Whether something has come that no read has taken.</value>
    public bool HasUnread => _connection.Available > 0;

    public static async Task<RawClient> ConnectAsync(Uri server)
    {
        var client = new RawClient();
        await client._connection.ConnectAsync(server.Host, server.Port).WithTimeout();
        return client;
    }

    /// <param name="text">Bytes, as Latin-1.</param>
    public async Task WriteAsync(string text) =>
        await _connection.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WithTimeout();

    /// <summary>Reads until what has come contains <paramref name="text"/>.</summary>
    public Task<string> ReadUntilAsync(string text) =>
        ReadAsync(read => read.Contains(text, StringComparison.Ordinal)).WithTimeout();

    /// <summary>Reads until the server closes.</summary>
    public Task<string> ReadToEndAsync() => ReadAsync(_ => false).WithTimeout();

    /// <summary>Goes away without a word.</summary>
    public void Vanish()
    {
        _connection.LingerState = new LingerOption(enable: true, seconds: 0);
        _connection.Close();
    }

    public void Dispose() => _connection.Dispose();

    private async Task<string> ReadAsync(Predicate<string> isEnough)
    {
        var read = new StringBuilder();
        var buffer = new byte[4096];
        while (await _connection.GetStream().ReadAsync(buffer) is > 0 and var count)
        {
            read.Append(Encoding.Latin1.GetString(buffer, 0, count));
            if (isEnough(read.ToString()))
            {
                break;
            }
        }

        return read.ToString();
    }
}
