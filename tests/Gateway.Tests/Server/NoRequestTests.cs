using StreamGateway.Tests.Mirror;

namespace StreamGateway.Tests.Server;

/// <summary>What docs/errors.md says of input that is no HTTP request.</summary>
public sealed class NoRequestTests
{
    public static TheoryData<string, int> Inputs => new()
    {
        { "nonsense\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400 },
        { "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
        { "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { $"GET /{new string('a', 33 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414 },
        { $"GET / HTTP/1.1\r\nHost: localhost\r\n{string.Concat(Enumerable.Range(0, 101).Select(n => $"X-{n}: 1\r\n"))}\r\n", 431 },
        { $"GET / HTTP/1.1\r\nHost: localhost\r\n{string.Concat(Enumerable.Range(0, 9).Select(n => $"X-{n}: {new string('a', 8000)}\r\n"))}\r\n", 431 },
        { "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505 },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task What_is_no_request_is_answered_by_a_status_alone_and_ends_its_connection(string input, int status)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync(input);
        var answer = await client.ReadToEndAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }
}
