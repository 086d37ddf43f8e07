using System.Net;
using System.Text;
using GetStream.Http;
using GetStream.Models;

namespace GetStream.Tests.Http;

public sealed class RetryTests
{
    private const string Success = """{"duration":"1ms","call_types":{}}""";

    /// <summary>An answer that breaks off after its first bytes.</summary>
    private const string Broken = "HTTP/1.1 2";

    private static readonly StreamRetryOptions s_options = new() { BaseDelay = TimeSpan.FromMilliseconds(1) };
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Nothing_is_repeated_unless_asked_for()
    {
        await using var server = ScriptedServer.Answering(Broken, ScriptedServer.Json("200 OK", Success));
        using var client = Client(server, null);

        _ = await Assert.ThrowsAsync<StreamApiException>(() => client.Video.ListCallTypesAsync().WaitAsync(s_deadline));

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Broken_connections_and_rate_limits_are_tried_again()
    {
        await using var server = ScriptedServer.Answering(
            Broken, ScriptedServer.Json("429 Too Many Requests", "{}"), ScriptedServer.Json("200 OK", Success));
        using var client = Client(server, s_options);

        var response = await client.Video.ListCallTypesAsync().WaitAsync(s_deadline);

        Assert.Equal(200, response.Status);
        Assert.Equal(3, server.Connections);
    }

    [Fact]
    public async Task Tries_end_at_the_limit_with_the_last_failure()
    {
        await using var server = ScriptedServer.Answering(ScriptedServer.Json("429 Too Many Requests", """{"code":9}"""));
        using var client = Client(server, s_options);

        var error = await Assert.ThrowsAsync<StreamApiException>(() => client.Video.ListCallTypesAsync().WaitAsync(s_deadline));

        Assert.Equal(9, error.Code);
        Assert.Equal(s_options.MaxAttempts, server.Connections);
    }

    [Fact]
    public async Task A_storm_of_rate_limits_ends_for_every_caller_within_its_tries()
    {
        const int Callers = 32;
        using var storm = new Storm();
        using var http = new HttpClient(storm);
        var options = new StreamClientOptions
        {
            ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test"), Retry = s_options,
        };
        using var client = new StreamClient(options, http);

        var errors = await Task.WhenAll(Enumerable.Range(0, Callers).Select(
            _ => Assert.ThrowsAsync<StreamApiException>(() => client.Video.ListCallTypesAsync()))).WaitAsync(s_deadline);

        Assert.All(errors, error => Assert.Equal((StreamErrorKind.Api, 429, 9), (error.Kind, error.Status, error.Code)));
        Assert.Equal(Callers * s_options.MaxAttempts, storm.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("429 Too Many Requests")]
    public async Task A_POST_is_never_sent_twice(string status)
    {
        await using var server = ScriptedServer.Answering(
            status is "" ? "" : ScriptedServer.Json(status, "{}"), ScriptedServer.Json("200 OK", "{}"));
        using var client = Client(server, s_options);

        _ = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.QueryCallsAsync(new QueryCallsRequest()).WaitAsync(s_deadline));

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_POST_without_a_body_is_not_sent_twice_either()
    {
        await using var server = ScriptedServer.Answering("", ScriptedServer.Json("200 OK", """{"duration":"1ms"}"""));
        using var client = Client(server, null);

        _ = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.Call("default", "a").EndAsync().WaitAsync(s_deadline));

        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData("400 Bad Request")]
    [InlineData("404 Not Found")]
    [InlineData("500 Internal Server Error")]
    public async Task Other_refusals_are_not_tried_again(string status)
    {
        await using var server = ScriptedServer.Answering(ScriptedServer.Json(status, "{}"));
        using var client = Client(server, s_options);

        _ = await Assert.ThrowsAsync<StreamApiException>(() => client.Video.ListCallTypesAsync().WaitAsync(s_deadline));

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_PUT_is_sent_again_with_its_whole_body()
    {
        await using var server = ScriptedServer.Answering(Broken, ScriptedServer.Json("200 OK", """{"duration":"1ms"}"""));
        using var client = Client(server, s_options);

        _ = await Assert.ThrowsAsync<StreamApiException>(
            () => client.Video.UpdateCallTypeAsync("default", new UpdateCallTypeRequest()).WaitAsync(s_deadline));

        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public void A_long_rate_limit_is_answered_instead_of_waited_for()
    {
        var failure = Limited(retryAfter: TimeSpan.FromMinutes(1));

        Assert.False(RetryPolicy.ShouldRetry(failure, s_options, s_now));
    }

    [Fact]
    public void Waits_are_those_the_API_asks_for_or_full_jitter_below_a_doubling_bound()
    {
        var options = new StreamRetryOptions { BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(5) };
        var broken = new StreamApiException(StreamErrorKind.Transport, "", ApiOperations.Video.GetCall);

        Assert.Equal(TimeSpan.Zero, RetryPolicy.Delay(0, broken, options, s_now, 0));
        Assert.Equal(TimeSpan.FromSeconds(1), RetryPolicy.Delay(0, broken, options, s_now, 1));
        Assert.Equal(TimeSpan.FromSeconds(2), RetryPolicy.Delay(2, broken, options, s_now, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(5), RetryPolicy.Delay(9, broken, options, s_now, 1));
        Assert.Equal(TimeSpan.FromSeconds(7), RetryPolicy.Delay(0, Limited(TimeSpan.FromSeconds(7)), options, s_now, 0));
        Assert.Equal(
            TimeSpan.FromSeconds(3),
            RetryPolicy.Delay(0, Limited(null, s_now.AddSeconds(3)), options, s_now, 0));
    }

    private static StreamApiException Limited(TimeSpan? retryAfter, DateTimeOffset? reset = null) =>
        new(StreamErrorKind.Api, "", ApiOperations.Video.GetCall)
        {
            Status = 429,
            RetryAfter = retryAfter,
            RateLimit = reset is { } at ? new RateLimit(10, 0, at) : null,
        };

    private static StreamClient Client(ScriptedServer server, StreamRetryOptions? retry) => new(new StreamClientOptions
    {
        ApiKey = "key", ApiSecret = "secret", BaseUrl = server.Address, Retry = retry,
    });

    /// <summary>Answers nothing but rate limits.</summary>
    private sealed class Storm : HttpMessageHandler
    {
        private int _requests;

        public int Requests => Volatile.Read(ref _requests);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = Interlocked.Increment(ref _requests);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.TooManyRequests)
            {
                Content = new StringContent("""{"code":9,"message":"slow down"}""", Encoding.UTF8, "application/json"),
            });
        }
    }
}
