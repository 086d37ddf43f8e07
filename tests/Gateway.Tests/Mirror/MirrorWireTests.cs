namespace StreamGateway.Tests.Mirror;

/// <summary>What goes over the wire on either side of the mirror, byte for byte.</summary>
public sealed class MirrorWireTests
{
    private const string CallPath = "/api/v2/video/call/default/demo";
    private const string Empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData("/api/v2/video/call/default/a%2Fb%20c%C3%BC", "")]
    [InlineData("/api/v2/video/call/default/%7e~!$&'()*+,;=:@", "")]
    [InlineData(CallPath, "a=1&&b=%7B%22x%22%3A1%7D&c&=d&e==&+%20;?/")]
    [InlineData(CallPath, "payload={\"id\":1}&A=%c3%BC")]
    public async Task Paths_and_queries_go_on_as_they_came(string path, string query)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        await ExchangeAsync(upstream, $"GET {path}?{query} HTTP/1.1");

        var expected = query.Length is 0 ? $"GET {path}?api_key=" : $"GET {path}?{query}&api_key=";
        Assert.StartsWith(expected, Assert.Single(upstream.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api_key=other&a=1&ticket=t&b=2", "a=1&b=2&api_key=")]
    [InlineData("api%5Fkey=other", "api_key=")]
    [InlineData("my_api_key=1&tickets=2", "my_api_key=1&tickets=2&api_key=")]
    public async Task The_gateways_own_parameters_do_not_go_on(string query, string expected)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        await ExchangeAsync(upstream, $"GET {CallPath}?{query} HTTP/1.1");

        Assert.StartsWith($"GET {CallPath}?{expected}key", Assert.Single(upstream.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_address_is_taken_for_its_path()
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        await ExchangeAsync(upstream, $"GET http://localhost{CallPath}?a=1 HTTP/1.1");

        Assert.StartsWith($"GET {CallPath}?a=1&api_key=", Assert.Single(upstream.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_go_on_but_for_those_of_the_connection()
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        await ExchangeAsync(
            upstream, $"GET {CallPath} HTTP/1.1", "Accept-Encoding: br;q=1.0, gzip;q=0.8", "X-Text: gr\u00c3\u00bc\u00c3\u009f", "TE: trailers",
            "Upgrade: h2c", "Keep-Alive: timeout=5", "Proxy-Authorization: Basic eA==", "X-Client-Request: 17", "traceparent: 00-11111111111111111111111111111111-2222222222222222-01");

        var head = Assert.Single(upstream.Requests);
        Assert.Contains("\r\nAccept-Encoding: br;q=1.0, gzip;q=0.8\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Text: gr\u00c3\u00bc\u00c3\u009f\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Client-Request: 17\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\ntraceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n", head, StringComparison.Ordinal);
        Assert.All(
            ["TE:", "Upgrade:", "Keep-Alive:", "Proxy-Authorization:", "Transfer-Encoding:", "Content-Length:"],
            name => Assert.DoesNotContain(name, head, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("POST", CallPath)]
    [InlineData("PATCH", CallPath)]
    [InlineData("DELETE", "/api/v2/video/calltypes/x")]
    public async Task Without_a_body_nothing_is_sent_but_its_length(string method, string path)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        await ExchangeAsync(upstream, $"{method} {path} HTTP/1.1");

        var head = Assert.Single(upstream.Requests);
        Assert.Contains("\r\nContent-Length: 0\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Transfer-Encoding", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_keeps_its_length_and_its_type()
    {
        var body = "";
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            body = await connection.ReadAsync(9);
            await connection.WriteAsync(Empty);
        });

        await ExchangeAsync(
            upstream, $"POST {CallPath} HTTP/1.1", "Content-Type: application/json", "Content-Encoding: identity", "Content-Length: 9\r\n\r\n{ \"a\":1 }");

        var head = Assert.Single(upstream.Requests);
        Assert.Equal("{ \"a\":1 }", body);
        Assert.Contains("\r\nContent-Length: 9\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/json\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Encoding: identity\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_in_chunks_goes_on_in_chunks_without_its_trailers()
    {
        var body = "";
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            body = await connection.ReadAsync("3\r\nabc\r\n0\r\n\r\n".Length);
            await connection.WriteAsync(Empty);
        });

        await ExchangeAsync(upstream, $"POST {CallPath} HTTP/1.1", "Transfer-Encoding: chunked", "Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1");

        var head = Assert.Single(upstream.Requests);
        Assert.Equal("3\r\nabc\r\n0\r\n\r\n", body);
        Assert.Contains("\r\nTransfer-Encoding: chunked\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Trailer", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_loses_only_what_was_about_its_connection()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(
                "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
                + "Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nX-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 999\r\n"
                + "X-RateLimit-Reset: 1767323040\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Text: gr\u00c3\u00bc\u00df\r\n"
                + "Content-Type: application/json\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nX-Sum: 1\r\n\r\n");
        });

        var answer = await ExchangeAsync(upstream, $"GET {CallPath} HTTP/1.1");

        Assert.StartsWith("HTTP/1.1 201 Created\r\n", answer, StringComparison.Ordinal);
        Assert.All(
            [
                "X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 999", "X-RateLimit-Reset: 1767323040", "Set-Cookie: a=1",
                "Set-Cookie: b=2", "X-Text: gr\u00c3\u00bc\u00df", "Content-Type: application/json",
            ],
            header => Assert.Contains($"\r\n{header}\r\n", answer, StringComparison.Ordinal));
        Assert.All(["Trailer", "X-Sum", "X-Hop", "Keep-Alive", "Upgrade"], name => Assert.DoesNotContain(name, answer, StringComparison.Ordinal));
        Assert.Equal("{\"a\":1}", string.Concat(answer.Split("\r\n").Where(line => line is "{\"a\":" or "1}" or "{\"a\":1}")));
        Assert.EndsWith("\r\n0\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(204, "")]
    [InlineData(304, "ETag: \"x\"\r\n")]
    public async Task An_answer_without_a_body_stays_without(int status, string headers)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 {status} X\r\n{headers}\r\n");
        });

        var answer = await ExchangeAsync(upstream, $"GET {CallPath} HTTP/1.1");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_asks_first_sends_no_body_that_Stream_does_not_want()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        });

        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.WriteAsync(Head("POST /api/v2/uploads/file HTTP/1.1", "Expect: 100-continue", "Content-Length: 1000000"));
        var answer = await client.ReadUntilAsync("\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nExpect: 100-continue\r\n", Assert.Single(upstream.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on_when_Stream_says_so()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.ReadAsync(4);
            await connection.WriteAsync(Empty);
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.WriteAsync(Head("POST /api/v2/uploads/file HTTP/1.1", "Expect: 100-continue", "Content-Length: 4"));
        await client.ReadUntilAsync("100 Continue\r\n\r\n");
        await client.WriteAsync("body");

        Assert.StartsWith("HTTP/1.1 200 OK", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OPTIONS_names_the_methods_and_HEAD_is_none_of_them()
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        var options = await ExchangeAsync(upstream, $"OPTIONS {CallPath} HTTP/1.1");
        var head = await ExchangeAsync(upstream, $"HEAD {CallPath} HTTP/1.1");

        Assert.StartsWith("HTTP/1.1 204 ", options, StringComparison.Ordinal);
        Assert.Contains("\r\nAllow: GET, PATCH, POST\r\n", options, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 405 ", head, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", head, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    private static async Task AnswerOnceAsync(RawUpstream.Connection connection)
    {
        await connection.ReadHeadAsync();
        await connection.WriteAsync(Empty);
    }

    /// <summary>Sends one request and returns all of the answer.</summary>
    /// <param name="upstream">The Stream behind the gateway.</param>
    /// <param name="line">The first line.</param>
    /// <param name="headers">Headers; the last may go on with an empty line and a body.</param>
    private static async Task<string> ExchangeAsync(RawUpstream upstream, string line, params string[] headers)
    {
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.WriteAsync(Head(line, headers));
        return await client.ReadToEndAsync();
    }

    private static string Head(string line, params string[] headers) => string.Join(
        "\r\n",
        [line, "Host: localhost", "Connection: close", $"X-Api-Key: {MirrorHost.RestKey}", .. headers, "", ""]);
}
