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
        await using var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = limit });
        using var cancellation = new CancellationTokenSource();
        var sleepers = Enumerable.Range(0, limit).Select(_ => Sleep(plugin, cancellation.Token)).ToArray();
        await UntilFull(plugin);
        var before = plugin.RejectedRequestCount;

        for (var i = 0; i < extra; i++)
        {
            var exception = Assert.Throws<PluginException>(() => plugin.Call("math.add", """{"a":1,"b":2}"""));
            Assert.Equal(PluginErrorCode.TooManyRequests, exception.Code);
        }

        Assert.Equal(before + (ulong)extra, plugin.RejectedRequestCount);
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
        var plugin = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 1, ShutdownTimeout = TimeSpan.FromMilliseconds(200) });
        using var cancellation = new CancellationTokenSource();
        var sleeper = Sleep(plugin, cancellation.Token);
        await UntilFull(plugin);
        var count = plugin.RejectedRequestCount;

        await cancellation.CancelAsync();
        await sleeper.Soon();
        await plugin.DisposeAsync().Soon();

        Assert.NotEqual(0ul, count);
        Assert.Equal(count, plugin.RejectedRequestCount);
    }

    private static async Task Sleep(IPlugin plugin, CancellationToken cancellationToken)
    {
        try
        {
            await plugin.CallAsync("test.sleep", """{"duration_ms":60000}"""u8.ToArray(), cancellationToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    // The plugin's threads take their permits some time after the calls were sent: full is when one is refused.
    private static async Task UntilFull(IPlugin plugin)
    {
        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        while (plugin.RejectedRequestCount == 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            try
            {
                plugin.Call("math.add", """{"a":1,"b":2}""");
            }
            catch (PluginException exception) when (exception.Code == PluginErrorCode.TooManyRequests)
            {
            }
        }
    }
}
