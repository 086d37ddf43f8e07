using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace StreamGateway.Tests.Mirror;

/// <summary>What clients see when something breaks between them and Stream.</summary>
public sealed class MirrorFailureTests
{
    private const string CallPath = "/api/v2/video/call/default/demo";
    private const string UploadPath = "/api/v2/uploads/file";

    public enum Stage
    {
        Accepted,
        RequestRead,
        HalfAStatusLine,
        HalfTheHeaders,
    }

    [Theory]
    [CombinatorialStages]
    public async Task A_connection_that_breaks_before_the_answer_is_a_problem(Stage stage, bool isReset)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            if (stage > Stage.Accepted)
            {
                await connection.ReadHeadAsync();
            }

            if (stage > Stage.RequestRead)
            {
                await connection.WriteAsync(stage is Stage.HalfAStatusLine ? "HTTP/1.1 2" : "HTTP/1.1 200 OK\r\nContent-Le");
            }

            if (isReset)
            {
                connection.Reset();
            }
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        var problem = await response.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Equal("coordinator", problem.GetProperty("stage").GetString());
        Assert.Equal(problem.GetProperty("detail").GetString(), problem.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", false)]
    public async Task A_truncated_answer_is_never_taken_for_a_whole_one(string answer, bool isReset)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(answer);
            if (isReset)
            {
                connection.Reset();
            }
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        await Assert.ThrowsAsync<HttpRequestException>(
            () => host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath)).WithTimeout());
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "What Stream answered is not HTTP.")]
    [InlineData("HTTP/1.1 99999 OK\r\n\r\n", "What Stream answered is not HTTP.")]
    [InlineData("", "Stream closed the connection before its answer was complete.")]
    public async Task What_is_not_an_answer_is_a_problem_that_says_so(string answer, string detail)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(answer);
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        var problem = await response.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Equal(detail, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Headers_without_end_are_cut_off()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\n");
            while (true)
            {
                await connection.WriteAsync($"X-More: {new string('x', 8000)}\r\n");
            }
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        var problem = await response.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Equal("The headers of Stream's answer are too large.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_Stream_that_never_answers_is_given_up()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ReadToEndAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address, TimeSpan.FromSeconds(1));

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        await response.HasCodeAsync(HttpStatusCode.GatewayTimeout, "deadline_exceeded");
    }

    [Fact]
    public async Task An_answer_that_stands_still_is_cut_off()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
            await connection.ReadToEndAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address, TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<HttpRequestException>(
            () => host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath)).WithTimeout());
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_are_the_clients_to_follow(int status)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:1/elsewhere?x=1\r\nContent-Length: 0\r\n\r\n");
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync($"GET {CallPath} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Api-Key: {MirrorHost.RestKey}\r\n\r\n");
        var answer = await client.ReadToEndAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: http://127.0.0.1:1/elsewhere?x=1\r\n", answer, StringComparison.Ordinal);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_storm_of_429s_comes_back_as_it_is_and_nothing_is_sent_twice()
    {
        const int Count = 200;
        var requests = 0;
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            Interlocked.Increment(ref requests);
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3";
            context.Response.Headers["X-RateLimit-Remaining"] = "0";
            await context.Response.WriteAsync("""{"code":9,"message":"Too many requests"}""");
        });

        var answers = await Task.WhenAll(Enumerable.Range(0, Count).Select(async n =>
        {
            using var request = host.Request(n % 2 is 0 ? HttpMethod.Get : HttpMethod.Post, CallPath);
            using var response = await host.Client.SendAsync(request);
            return ((int)response.StatusCode, response.Headers.RetryAfter?.ToString(), await response.Content.ReadAsStringAsync());
        })).WithTimeout();

        Assert.All(answers, answer => Assert.Equal((429, "3", """{"code":9,"message":"Too many requests"}"""), answer));
        Assert.Equal(Count, requests);
    }

    [Theory]
    [InlineData("GET", CallPath)]
    [InlineData("POST", CallPath)]
    [InlineData("PATCH", CallPath)]
    [InlineData("DELETE", "/api/v2/video/calltypes/x")]
    public async Task Nothing_is_sent_twice_on_a_connection_that_was_used_before(string method, string path)
    {
        // The first answer leaves a connection to use again, on which the second request then gets none.
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            await connection.ReadHeadAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        using var first = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));
        using var second = await host.Client.SendAsync(host.Request(new HttpMethod(method), path));

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await second.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("GET", CallPath, false)]
    [InlineData("GET", CallPath, true)]
    [InlineData("POST", CallPath, false)]
    [InlineData("POST", CallPath, true)]
    [InlineData("DELETE", "/api/v2/video/calltypes/x", false)]
    [InlineData("DELETE", "/api/v2/video/calltypes/x", true)]
    public async Task Nothing_is_sent_twice_on_a_new_connection(string method, string path, bool isReset)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            if (isReset)
            {
                connection.Reset();
            }
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);

        using var response = await host.Client.SendAsync(host.Request(new HttpMethod(method), path));

        await response.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("ffffffffffffffff\r\nabcd")]
    [InlineData("7fffffffffffffff\r\nabcd")]
    [InlineData("-1\r\nabcd")]
    [InlineData("4;\nabcd\r\n0\r\n\r\n")]
    [InlineData("2\r\nabcd\r\n0\r\n\r\n")]
    [InlineData("\r\n0\r\n\r\n")]
    public async Task A_body_that_is_not_in_chunks_is_the_clients_fault(string body)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ReadToEndAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync(
            $"POST {UploadPath} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Api-Key: {MirrorHost.RestKey}\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        var answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"invalid_request\"", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 1000\r\n\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    [InlineData("Expect: 100-continue\r\nContent-Length: 1000\r\n\r\nabc")]
    public async Task A_body_that_stands_still_is_the_clients_fault(string rest)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.ReadToEndAsync();
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address, TimeSpan.FromSeconds(1));
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync($"POST {UploadPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\n{rest}");
        var answer = await client.ReadUntilAsync("\"code\":\"request_timeout\"");

        Assert.Contains("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Equal([], host.Log.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text));
    }

    [Fact]
    public async Task A_client_that_vanishes_while_it_sends_ends_the_request_at_Stream_too()
    {
        var (begun, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ReadAsync(3);
            begun.SetResult();
            try
            {
                await connection.ReadToEndAsync();
            }
            finally
            {
                ended.SetResult();
            }
        });
        await using var host = await MirrorHost.StartAsync(upstream.Address);
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.WriteAsync($"POST {UploadPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\nContent-Length: 1000\r\n\r\nabc");
        await begun.Task.WithTimeout();

        client.Vanish();

        await ended.Task.WithTimeout();
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_client_that_vanishes_while_it_waits_ends_the_request_at_Stream_too()
    {
        var (begun, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            using var gone = context.RequestAborted.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task;
        });
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.WriteAsync($"GET {CallPath} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {MirrorHost.RestKey}\r\n\r\n");
        await begun.Task.WithTimeout();

        client.Vanish();

        await ended.Task.WithTimeout();
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nab\r\n0\r\n\r\n", 400)]
    [InlineData("Content-Length: -1\r\n\r\n", 400)]
    [InlineData("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200)]
    [InlineData("Bad Header: x\r\n\r\n", 400)]
    [InlineData("X-Text: \u00ff\u00fe\r\nContent-Length: 0\r\n\r\n", 400)]
    [InlineData("X-Null: a\0b\r\n\r\n", 400)]
    public async Task A_malformed_request_is_the_clients_fault(string rest, int status)
    {
        await using var host = await MirrorHost.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null));
        using var client = await RawClient.ConnectAsync(host.Address);

        await client.WriteAsync($"POST {UploadPath} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Api-Key: {MirrorHost.RestKey}\r\n{rest}");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private sealed class CombinatorialStagesAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) =>
            from stage in Enum.GetValues<Stage>()
            from isReset in (bool[])[false, true]
            select new object[] { stage, isReset };
    }
}
