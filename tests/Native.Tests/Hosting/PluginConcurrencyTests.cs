using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginConcurrencyTests
{
    [Theory]
    [InlineData(2, 5)]
    [InlineData(2, 10)]
    [InlineData(1, 1)]
    public async Task Limit_Reached_RefusesAndCounts(int limit, int extra)
    {
        using var loggers = new RecordingLoggers();
        await using var plugin = TestPlugins.Load(
            new PluginConfig { MaxConcurrentOps = limit, LogLevel = PluginLogLevel.Debug }, loggers);
        using var cancellation = new CancellationTokenSource();
        var sleepers = Sleep(plugin, limit, cancellation.Token);
        await UntilAsleep(loggers, limit);

        for (var i = 0; i < extra; i++)
        {
            CallRefused(plugin);
        }

        Assert.Equal((ulong)extra, plugin.RejectedRequestCount);
        await cancellation.CancelAsync();
        await Task.WhenAll(sleepers).Soon();
    }

    [Fact]
    public async Task Limit_Zero_IsNoLimit()
    {
        await using var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 0 });

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => plugin.CallAsync("test.sleep", """{"duration_ms":20}"""u8.ToArray()))).Soon();

        Assert.Equal(0ul, plugin.RejectedRequestCount);
    }

    [Fact]
    public void Limit_One_ServesOneAfterAnother()
    {
        using var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 1 });

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("""{"result":3}""", plugin.Call("math.add", """{"a":1,"b":2}"""));
        }

        Assert.Equal(0ul, plugin.RejectedRequestCount);
    }

    [Fact]
    public void Limit_PermitIsGivenBackAfterAnError()
    {
        using var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 1 });

        Assert.Throws<PluginException>(() => plugin.Call("error.7", "{}"));

        Assert.Equal("""{"result":3}""", plugin.Call("math.add", """{"a":1,"b":2}"""));
    }

    [Fact]
    public async Task RejectedCount_AfterDispose_KeepsItsLastValue()
    {
        using var loggers = new RecordingLoggers();
        var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 1, LogLevel = PluginLogLevel.Debug }, loggers);
        using var cancellation = new CancellationTokenSource();
        var sleepers = Sleep(plugin, 1, cancellation.Token);
        await UntilAsleep(loggers, 1);
        CallRefused(plugin);

        await cancellation.CancelAsync();
        await Task.WhenAll(sleepers).Soon();
        await plugin.DisposeAsync().Soon();

        Assert.Equal(1ul, plugin.RejectedRequestCount);
    }

    private static Task[] Sleep(IPlugin plugin, int count, CancellationToken cancellationToken) =>
        [.. Enumerable.Range(0, count).Select(_ => Sleep(plugin, cancellationToken))];

    private static Task Sleep(IPlugin plugin, CancellationToken cancellationToken) =>
        Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => plugin.CallAsync("test.sleep", """{"duration_ms":60000}"""u8.ToArray(), cancellationToken));

    // A call that sleeps holds its permit; it may take it some time after it was sent.
    private static Task UntilAsleep(RecordingLoggers loggers, int count) =>
        loggers.WaitForAsync(line => line.Text == "asleep", count).Soon();

    private static void CallRefused(IPlugin plugin)
    {
        var exception = Assert.Throws<PluginException>(() => plugin.Call("math.add", """{"a":1,"b":2}"""));
        Assert.Equal(PluginErrorCode.TooManyRequests, exception.Code);
    }
}
