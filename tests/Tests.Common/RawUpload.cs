using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StreamGateway.Tests;

/// <summary>
/// A request whose chunked body the test sends piece by piece over a bare socket. Disposing it before the end is a client
/// that vanishes.
/// </summary>
/// <remarks>HttpClient will not do: it holds an early answer back until the whole body was sent.</remarks>
public sealed class RawUpload : IDisposable
{
    private readonly TcpClient _connection;
    private readonly NetworkStream _stream;

    private RawUpload(TcpClient connection)
    {
        _connection = connection;
        _stream = connection.GetStream();
    }

    public static async Task<RawUpload> StartAsync(Uri server, string path, string contentType)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(server.Host, server.Port).WithTimeout();
        var upload = new RawUpload(connection);
        await upload.SendAsync(Encoding.ASCII.GetBytes(
            $"PUT {path} HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: {contentType}\r\n"
            + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"));
        return upload;
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await SendAsync(Encoding.ASCII.GetBytes(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
        await SendAsync(bytes);
        await SendAsync("\r\n"u8.ToArray());
    }

    public Task CompleteAsync() => SendAsync("0\r\n\r\n"u8.ToArray());

    /// <summary>The answer, whenever it comes.</summary>
    public async Task<HttpResponseMessage> ReadResponseAsync()
    {
        using var reader = new StreamReader(_stream, Encoding.Latin1, leaveOpen: true);
        var status = (await ReadLineAsync(reader)).Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync(reader) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var body = headers.ContainsKey("Transfer-Encoding")
            ? await ReadChunksAsync(reader)
            : await ReadAsync(reader, int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture));
        var response = new HttpResponseMessage((HttpStatusCode)int.Parse(status[1], CultureInfo.InvariantCulture))
        {
            Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)),
        };
        if (headers.TryGetValue("Content-Type", out var type))
        {
            response.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return response;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _connection.Dispose();
    }

    private static async Task<string> ReadChunksAsync(StreamReader reader)
    {
        var body = new StringBuilder();
        while (int.Parse(await ReadLineAsync(reader), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var length)
        {
            body.Append(await ReadAsync(reader, length));
            await ReadLineAsync(reader);
        }

        return body.ToString();
    }

    private static async Task<string> ReadAsync(StreamReader reader, int length)
    {
        var text = new char[length];
        await reader.ReadBlockAsync(text.AsMemory()).WithTimeout();
        return new string(text);
    }

    private static async Task<string> ReadLineAsync(StreamReader reader) =>
        await reader.ReadLineAsync().WithTimeout() ?? throw new EndOfStreamException("The connection closed without an answer.");

    private async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes).AsTask().WithTimeout();
}
