using System.Net.Sockets;
using System.Text;

namespace GetStream.Tests.Http;

public sealed class BadAnswerTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_error_of_the_API_carries_all_it_says()
    {
        const string Body = """{"code":16,"message":"No such call","StatusCode":404,"duration":"1ms","more_info":"https://docs","details":[1,2],"exception_fields":{"id":"unknown"},"unrecoverable":true}""";
        var error = await FailureAsync(ScriptedServer.Answering(ScriptedServer.Json("404 Not Found", Body, "X-Request-Id: r7\r\n")));

        Assert.Equal(StreamErrorKind.Api, error.Kind);
        Assert.Equal((404, 16), (error.Status, error.Code));
        Assert.Equal("No such call", error.Error?.Message);
        Assert.Equal("https://docs", error.Error?.MoreInfo);
        Assert.Equal([1, 2], error.Error?.Details);
        Assert.Equal("unknown", error.Error?.ExceptionFields?["id"]);
        Assert.Equal("r7", error.RequestId);
        Assert.Equal("GetCall", error.Operation.Id);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public async Task A_rate_limit_tells_when_to_come_back()
    {
        var error = await FailureAsync(ScriptedServer.Answering(ScriptedServer.Json(
            "429 Too Many Requests",
            """{"code":9,"message":"slow down"}""",
            "Retry-After: 7\r\nX-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1767323040\r\n")));

        Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
        Assert.Equal(0, error.RateLimit?.Remaining);
        Assert.True(error.IsTransient);
    }

    [Theory]
    [InlineData("200 OK", "{\"call\":", StreamErrorKind.InvalidAnswer)]
    [InlineData("200 OK", "nonsense", StreamErrorKind.InvalidAnswer)]
    [InlineData("200 OK", "", StreamErrorKind.InvalidAnswer)]
    [InlineData("200 OK", "[]", StreamErrorKind.InvalidAnswer)]
    [InlineData("200 OK", "{}", StreamErrorKind.InvalidAnswer)]
    [InlineData("200 OK", "{\"call\":{\"id\":7}}", StreamErrorKind.InvalidAnswer)]
    [InlineData("304 Not Modified", "", StreamErrorKind.InvalidAnswer)]
    [InlineData("500 Internal Server Error", "nonsense", StreamErrorKind.Api)]
    [InlineData("503 Service Unavailable", "", StreamErrorKind.Api)]
    public async Task Answers_of_another_shape_are_told_apart(string status, string body, StreamErrorKind kind)
    {
        var error = await FailureAsync(ScriptedServer.Answering(ScriptedServer.Json(status, body)));

        Assert.Equal(kind, error.Kind);
        Assert.Equal(int.Parse(status[..3], System.Globalization.CultureInfo.InvariantCulture), error.Status);
    }

    [Theory]
    [InlineData("301 Moved Permanently")]
    [InlineData("302 Found")]
    [InlineData("307 Temporary Redirect")]
    public async Task Redirects_are_not_followed(string status)
    {
        await using var elsewhere = ScriptedServer.Answering(ScriptedServer.Json("200 OK", "{}"));
        var error = await FailureAsync(ScriptedServer.Answering(
            ScriptedServer.Json(status, "", $"Location: {elsewhere.Address}\r\n")));

        Assert.Equal(StreamErrorKind.InvalidAnswer, error.Kind);
        Assert.Equal(0, elsewhere.Connections);
    }

    [Fact]
    public async Task A_web_page_is_not_an_answer()
    {
        var error = await FailureAsync(ScriptedServer.Answering(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"));

        Assert.Equal(StreamErrorKind.InvalidAnswer, error.Kind);
        Assert.Contains("text/html", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTT")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"call\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"")]
    public async Task Connections_that_break_at_any_stage_are_transport_failures(string sent)
    {
        var error = await FailureAsync(ScriptedServer.Answering(sent));

        Assert.Equal(StreamErrorKind.Transport, error.Kind);
        Assert.True(error.IsTransient);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"call\"")]
    public async Task Resets_before_amid_and_after_the_headers_are_transport_failures(string sent)
    {
        var error = await FailureAsync(ScriptedServer.Resetting(sent));

        Assert.Equal(StreamErrorKind.Transport, error.Kind);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task A_reset_while_connecting_is_a_transport_failure()
    {
        var error = await FailureAsync(ScriptedServer.Start((stream, _) =>
        {
            stream.Socket.LingerState = new LingerOption(true, 0);
            return Task.CompletedTask;
        }));

        Assert.Equal(StreamErrorKind.Transport, error.Kind);
        Assert.Null(error.Status);
    }

    [Fact]
    public async Task Another_protocol_is_told_apart()
    {
        var error = await FailureAsync(ScriptedServer.Answering("SSH-2.0-OpenSSH_9.2\r\n\r\n"));

        Assert.Equal(StreamErrorKind.InvalidAnswer, error.Kind);
    }

    [Fact]
    public async Task A_refused_connection_is_a_transport_failure()
    {
        var server = ScriptedServer.Answering("");
        var address = server.Address;
        await server.DisposeAsync();
        using var client = OperationTests.Client(address);

        var error = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.GetCallAsync("default", "a").WaitAsync(s_deadline));

        Assert.Equal(StreamErrorKind.Transport, error.Kind);
        Assert.Null(error.Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")]
    public async Task Silence_at_any_stage_ends_with_the_timeout(string sent)
    {
        var over = new TaskCompletionSource();
        await using var server = ScriptedServer.Start(async (stream, _) =>
        {
            await ScriptedServer.ReadRequestAsync(stream);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(sent));
            await over.Task;
        });
        using var client = OperationTests.Client(server.Address);
        var options = new GetStream.Http.RequestOptions { Timeout = TimeSpan.FromMilliseconds(200) };

        var error = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.GetCallAsync("default", "a", options: options).WaitAsync(s_deadline));

        Assert.Equal(StreamErrorKind.Timeout, error.Kind);
        over.SetResult();
    }

    [Fact]
    public async Task Cancelling_is_not_a_failure_of_the_API()
    {
        var reached = new TaskCompletionSource();
        var over = new TaskCompletionSource();
        await using var server = ScriptedServer.Start(async (stream, _) =>
        {
            await ScriptedServer.ReadRequestAsync(stream);
            reached.SetResult();
            await over.Task;
        });
        using var client = OperationTests.Client(server.Address);
        using var cancel = new CancellationTokenSource();

        var call = client.Video.GetCallAsync("default", "a", cancellationToken: cancel.Token);
        await reached.Task.WaitAsync(s_deadline);
        await cancel.CancelAsync();

        var stopped = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(s_deadline));
        Assert.Equal(cancel.Token, stopped.CancellationToken);
        over.SetResult();
    }

    [Fact]
    public async Task Answers_larger_than_allowed_are_given_up()
    {
        await using var server = ScriptedServer.Answering(ScriptedServer.Json("200 OK", new string(' ', 100_000)));
        using var client = new StreamClient(new StreamClientOptions
        {
            ApiKey = "key", ApiSecret = "secret", BaseUrl = server.Address, MaxResponseBytes = 50_000,
        });

        var error = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.GetCallAsync("default", "a").WaitAsync(s_deadline));

        Assert.Equal(StreamErrorKind.AnswerTooLarge, error.Kind);
    }

    [Fact]
    public async Task Broken_compression_is_told_apart()
    {
        var error = await FailureAsync(ScriptedServer.Answering(ScriptedServer.Json("200 OK", "not gzip at all", "Content-Encoding: gzip\r\n")));

        Assert.Equal(StreamErrorKind.InvalidAnswer, error.Kind);
    }

    [Fact]
    public async Task No_failure_leaves_a_connection_open()
    {
        string[] answers =
        [
            "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
            ScriptedServer.Json("200 OK", "nonsense"), ScriptedServer.Json("302 Found", ""), ScriptedServer.Json("429 No", "{}"),
            ScriptedServer.Json("200 OK", new string(' ', 100_000)), ScriptedServer.Json("200 OK", "x", "Content-Encoding: gzip\r\n"),
        ];
        await using var server = ScriptedServer.Answering(answers);
        using var connections = new OpenConnections();
        using var handler = StreamClient.CreateHandler();
        handler.MeterFactory = connections;
        using var http = new HttpClient(handler);
        using var client = new StreamClient(
            new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = server.Address, MaxResponseBytes = 50_000 }, http);

        for (var i = 0; i < answers.Length; i++)
        {
            _ = await Assert.ThrowsAsync<StreamApiException>(
                () => client.Video.GetCallAsync("default", "a").WaitAsync(s_deadline));
        }

        await connections.AllClosedAsync(answers.Length).WaitAsync(s_deadline);
    }

    private static async Task<StreamApiException> FailureAsync(ScriptedServer server)
    {
        await using (server)
        {
            using var client = OperationTests.Client(server.Address);
            return await Assert.ThrowsAsync<StreamApiException>(
                () => client.Video.GetCallAsync("default", "a").WaitAsync(s_deadline));
        }
    }
}
