namespace StreamGateway.Tests.Mirror;

/// <summary>What goes over the wire on either side of the mirror, byte for byte.</summary>
public sealed class MirrorWireTests
{
    private const string CallPath = "/api/v2/video/call/default/demo";
    private const string Empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData("/api/v2/video/call/default/a%2Fb%20c%C3%BC", "")]
    [InlineData("/api/v2/video/call/default/%7e~!$&'()*+,;=:@", "")]
    [InlineData("/api/v2/video/call/default/a%0d%0aX-Evil:%201", "")]
    [InlineData("/api/v2/video/call/default/.a..b.%5c%25%2525%2e%2f...", "")]
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
    [InlineData("close, X-Keep")]
    [InlineData("X-Keep,close")]
    [InlineData("keep-alive , x-keep")]
    [InlineData("Upgrade, X-Keep")]
    [InlineData("keep-alive, Upgrade,\tX-Keep")]
    [InlineData("X-Keep")]
    [InlineData("close\r\nConnection: X-Keep")]
    [InlineData("X-Keep\r\nConnection: keep-alive")]
    [InlineData("keep-alive\r\nConnection: X-Other,, X-Keep ,")]
    [InlineData("close, Authorization, Content-Length, Host, stream-auth-type, X-Keep")]
    public async Task A_header_that_Connection_names_does_not_go_on_whatever_else_it_says(string connection)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync(
            $"GET {CallPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\nX-Keep: 1\r\nX-Kept: 1\r\nConnection: {connection}\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");

        var head = Assert.Single(upstream.Requests);
        Assert.DoesNotContain("X-Keep:", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\r\nConnection:", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\nX-Kept: 1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nAuthorization: eyJ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nstream-auth-type: jwt\r\n", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keep-alive")]
    [InlineData("Keep-Alive, TE")]
    [InlineData("Upgrade, HTTP2-Settings")]
    public async Task A_connection_stays_open_whatever_its_client_is_used_to_say(string connection)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);
        using var client = await RawClient.ConnectAsync(host.Address);
        var request = $"GET {CallPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\nConnection: {connection}\r\n\r\n";

        await client.WriteAsync(request);
        var first = await client.ReadUntilAsync("\r\n\r\n");
        await client.WriteAsync(request);
        var second = await client.ReadUntilAsync("\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", first, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", second, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v2/video/call/default/../demo")]
    [InlineData("/api/v2/video/call/default/%2e%2E/demo")]
    [InlineData("/api/v2/video/call/default/a\\..\\b")]
    [InlineData("/api/v2/video/call/default/a%5C..%5cb")]
    [InlineData("/api/v2/video/call/default/a%2f..%2Fb")]
    [InlineData("/api/v2/video/call/default/..%2fb")]
    [InlineData("/api/v2/video/call/default/..;x=1/demo")]
    [InlineData("/api/v2/video/call/default/%252e%252e/demo")]
    [InlineData("/api/v2/video/call/default/a%25252f..%25252fb")]
    [InlineData("/api/v2/video/call/default/%2525252525252e")]
    [InlineData("/api/v2/video/call/default/%c0%ae%c0%ae/demo")]
    [InlineData("/api/v2/video/call/default/%ff")]
    [InlineData("/api/v2/video/call/default/a%")]
    [InlineData("/api/v2/video/call/default/a%zz")]
    [InlineData("/api/v2/video/call/default/demo#frag")]
    [InlineData("/api/v2/video/call/default/demo?a=1#&b=2")]
    [InlineData("http://localhost/api/v2/video/call/default/a%2f..%2fb")]
    public async Task A_target_that_two_servers_could_read_differently_is_refused(string target)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        var answer = await ExchangeAsync(upstream, $"GET {target} HTTP/1.1");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"invalid_request\"", answer, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("http://evil.test?/api/v2/app")]
    [InlineData("http://evil.test/?/api/v2/app")]
    [InlineData("http://evil.test\\api/v2/app")]
    [InlineData("//evil.test/api/v2/app")]
    [InlineData("/api/v2//evil.test/app")]
    [InlineData("/api/v2/app@evil.test")]
    [InlineData("/%61pi/v2/app")]
    [InlineData("/api%2fv2/app")]
    [InlineData("/api/v2/video/call/default/a%00b")]
    [InlineData("*")]
    public async Task No_target_leads_elsewhere_than_to_an_operation_of_Stream(string target)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        var answer = await ExchangeAsync(upstream, $"GET {target} HTTP/1.1");

        Assert.Matches("^HTTP/1.1 40[045] ", answer);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("gzip, chunked")]
    [InlineData("gzip\r\nTransfer-Encoding: chunked")]
    [InlineData("chunked, chunked")]
    [InlineData("identity, chunked")]
    [InlineData("chunked, identity")]
    [InlineData("xchunked")]
    [InlineData("\"chunked\"")]
    public async Task Another_coding_than_chunked_is_refused(string coding)
    {
        await using var upstream = RawUpstream.Start(AnswerOnceAsync);

        var answer = await ExchangeAsync(upstream, $"POST {CallPath} HTTP/1.1", $"Transfer-Encoding: {coding}\r\n\r\n0");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_chunked_body_has_no_length_beside_it_and_ends_its_connection()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ReadAsync("2\r\n{}\r\n0\r\n\r\n".Length);
            await connection.WriteAsync(Empty);
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync(
            $"POST {CallPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"2\r\n{{}}\r\n0\r\n\r\nGET {CallPath}?smuggled HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\n\r\n");
        var answers = await client.ReadToEndAsync();

        Assert.Single(System.Text.RegularExpressions.Regex.Matches(answers, "HTTP/1.1 "));
        Assert.DoesNotContain("Content-Length", Assert.Single(upstream.Requests), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")]
    [InlineData("HTTP/1.1 042 Weird\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 000 Weird\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX A: a\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-\u00c3\u00a9: a\r\nContent-Length: 0\r\n\r\n")]
    public async Task An_answer_that_two_servers_could_read_differently_is_a_problem(string sent)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(sent);
        });

        var answer = await ExchangeAsync(upstream, $"GET {CallPath} HTTP/1.1");

        Assert.StartsWith("HTTP/1.1 502 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"coordinator_unreachable\"", answer, StringComparison.Ordinal);
        Assert.Contains("What Stream answered is not HTTP", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a\rX-B: b")]
    public async Task No_control_character_of_an_answer_goes_on(string value)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\nX-A: {value}\r\nContent-Length: 0\r\n\r\n");
        });

        var answer = await ExchangeAsync(upstream, $"GET {CallPath} HTTP/1.1");

        Assert.Contains("\r\nX-A: a ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(answer.Replace("\r\n", "", StringComparison.Ordinal), letter => char.IsControl(letter));
    }

    [Theory]
    [InlineData(204, "Content-Length: 5\r\n\r\nhello")]
    [InlineData(204, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(205, "Content-Length: 5\r\n\r\nhello")]
    [InlineData(205, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(304, "Content-Length: 5\r\n\r\nhello")]
    public async Task An_answer_that_has_no_body_gets_none(int status, string rest)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 {status} X\r\nX-Kept: 1\r\n{rest}");
        });

        var answer = await ExchangeAsync(upstream, $"GET {CallPath} HTTP/1.1");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Kept: 1\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("hello", answer, StringComparison.Ordinal);
        Assert.Equal(status is 304, answer.Contains("Content-Length: 5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_Stream_sends_beyond_its_answer_is_nobodys_answer()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
            await connection.ReadHeadAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        var first = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));
        var second = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        Assert.Equal("ok", await first.Content.ReadAsStringAsync());
        Assert.Equal("ok", await second.Content.ReadAsStringAsync());
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
