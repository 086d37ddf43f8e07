using System.Diagnostics;
using GetStream.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GetStream.Tests.Http;

public sealed class TelemetryTests
{
    private const string Secret = "the secret nobody may see";
    private const string Key = "the-key-nobody-may-see";
    private const string Id = "an-id-nobody-may-see";

    [Fact]
    public async Task Calls_are_traced_and_measured_by_template_without_secrets()
    {
        using var own = new OwnTelemetry(StreamTelemetry.Name);
        await using var server = ScriptedServer.Answering(ScriptedServer.Json("404 Not Found", """{"code":16,"message":"no"}"""));
        using var client = new StreamClient(Options(server));

        _ = await Assert.ThrowsAsync<StreamApiException>(() => client.Video.StopLiveAsync("default", Id));

        var activity = Assert.Single(own.Activities);
        Assert.Equal("StopLive", activity.OperationName);
        Assert.Equal(ActivityKind.Client, activity.Kind);
        Assert.Equal("POST /api/v2/video/call/{type}/{id}/stop_live", activity.DisplayName);
        Assert.Equal(ActivityStatusCode.Error, activity.Status);
        Assert.Equal("/api/v2/video/call/{type}/{id}/stop_live", activity.GetTagItem("url.template"));
        Assert.Equal("POST", activity.GetTagItem("http.request.method"));
        Assert.Equal(404, activity.GetTagItem("http.response.status_code"));
        Assert.Equal("404", activity.GetTagItem("error.type"));
        AssertClean(string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}")));

        var measure = Assert.Single(own.Measures);
        Assert.Equal("/api/v2/video/call/{type}/{id}/stop_live", measure["url.template"]);
        Assert.Equal(404, measure["http.response.status_code"]);
        Assert.Equal(server.Address.Port, measure["server.port"]);
        AssertClean(string.Join(' ', measure.Values));
    }

    [Fact]
    public async Task Retries_are_counted_and_stay_one_call()
    {
        using var own = new OwnTelemetry(StreamTelemetry.Name);
        await using var server = ScriptedServer.Answering("HTTP/1.1 2", ScriptedServer.Json("200 OK", """{"duration":"1ms","call_types":{}}"""));
        using var client = new StreamClient(Options(server) with
        {
            Retry = new StreamRetryOptions { BaseDelay = TimeSpan.FromMilliseconds(1) },
        });

        _ = await client.Video.ListCallTypesAsync();

        Assert.Equal(200, Assert.Single(own.Activities).GetTagItem("http.response.status_code"));
        Assert.Equal(
            ["stream.client.retries /api/v2/video/calltypes", "stream.client.operation.duration /api/v2/video/calltypes"],
            own.Measures.Select(measure => $"{measure["instrument"]} {measure["url.template"]}"));
    }

    [Fact]
    public async Task A_call_that_its_caller_gives_up_is_told_as_cancelled()
    {
        using var own = new OwnTelemetry(StreamTelemetry.Name);
        using var cancelled = new CancellationTokenSource();
        await using var server = ScriptedServer.Answering("HTTP/1.1 2");
        using var client = new StreamClient(Options(server));
        await cancelled.CancelAsync();

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.Video.GetCallAsync("default", Id, cancellationToken: cancelled.Token));

        Assert.Equal(ActivityStatusCode.Error, Assert.Single(own.Activities).Status);
        Assert.Equal("cancelled", Assert.Single(own.Measures)["error.type"]);
    }

    [Fact]
    public async Task Nothing_secret_is_ever_logged()
    {
        var lines = new List<string>();
        await using var server = ScriptedServer.Answering("HTTP/1.1 2", ScriptedServer.Json("401 Unauthorized", "nonsense"));
        var services = new ServiceCollection();
        _ = services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new Lines(lines)));
        _ = services.AddStreamClient(Options(server) with
        {
            Retry = new StreamRetryOptions { BaseDelay = TimeSpan.FromMilliseconds(1) },
        });
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<StreamClient>();

        _ = await Assert.ThrowsAsync<StreamApiException>(() => client.Video.GetCallAsync("default", Id));

        Assert.Contains(lines, line => line.Contains("GetCall is sent again", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("GetCall failed: Api, status 401", StringComparison.Ordinal));
        Assert.All(lines, AssertClean);
    }

    [Fact]
    public void Options_do_not_print_the_secret() =>
        Assert.DoesNotContain(Secret, new StreamClientOptions { ApiKey = "key", ApiSecret = Secret }.ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "secret", "http://api.test")]
    [InlineData("key", " ", "http://api.test")]
    [InlineData("key", "secret", "ftp://api.test")]
    [InlineData("key", "secret", "http://api.test/?x=1")]
    public void Options_that_cannot_work_are_refused_at_once(string key, string secret, string address) =>
        Assert.ThrowsAny<ArgumentException>(() => new StreamClient(new StreamClientOptions
        {
            ApiKey = key, ApiSecret = secret, BaseUrl = new Uri(address),
        }));

    private static StreamClientOptions Options(ScriptedServer server) =>
        new() { ApiKey = Key, ApiSecret = Secret, BaseUrl = server.Address };

    private static void AssertClean(string text)
    {
        foreach (var secret in new[] { Secret, Key, Id, "eyJ" })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    private sealed class Lines(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
