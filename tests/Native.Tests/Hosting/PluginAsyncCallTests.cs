using System.Text;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginAsyncCallTests
{
    private static readonly byte[] LongSleep = """{"duration_ms":60000}"""u8.ToArray();

    [Theory]
    [InlineData("complete", true)]
    [InlineData("stub_async", true)]
    [InlineData("minimal", false)]
    public async Task CallAsync_AnyLibrary_Answers(string library, bool hasAsyncCalls)
    {
        await using var plugin = NativePluginLoader.Load(TestPlugins.PathOf(library));

        var payload = await plugin.CallAsync("math.add", """{"a":20,"b":22}"""u8.ToArray()).Soon();

        Assert.Equal(hasAsyncCalls, plugin.HasAsyncCalls);
        Assert.Equal("""{"result":42}""", Encoding.UTF8.GetString(payload));
    }

    [Fact]
    public async Task CallAsync_Typed_Answers()
    {
        await using var plugin = TestPlugins.Load();

        var answer = await plugin.CallAsync(
            "echo", new EchoRequest("hi"), TestJson.Default.EchoRequest, TestJson.Default.EchoAnswer).Soon();

        Assert.Equal(new EchoAnswer("hi", 2), answer);
    }

    [Fact]
    public async Task CallAsync_HundredAtOnce_EachGetsItsOwnAnswer()
    {
        await using var plugin = TestPlugins.Load();
        var calls = Enumerable.Range(0, 100).Select(i => plugin.CallAsync(
            "math.add", new AddRequest(i, i), TestJson.Default.AddRequest, TestJson.Default.AddAnswer));

        var answers = await Task.WhenAll(calls).Soon();

        Assert.Equal(Enumerable.Range(0, 100).Select(i => 2L * i), answers.Select(answer => answer!.Result));
    }

    [Fact]
    public async Task CallAsync_CancelledWhileRunning_IsCancelledWithTheCallersToken()
    {
        await using var plugin = TestPlugins.Load();
        using var cancellation = new CancellationTokenSource();
        var call = plugin.CallAsync("test.sleep", LongSleep, cancellation.Token);

        await cancellation.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        Assert.Equal(0, CompletionCallback.Count);
    }

    [Fact]
    public async Task CallAsync_PluginSaysCancelledFirst_IsCancelledWithTheCallersToken()
    {
        await using var plugin = NativePluginLoader.Load(TestPlugins.PathOf("cancel_waits"));
        using var cancellation = new CancellationTokenSource();
        var call = plugin.CallAsync("test.sleep", LongSleep, cancellation.Token);

        await cancellation.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        Assert.Equal(cancellation.Token, exception.CancellationToken);
    }

    [Fact]
    public async Task CallAsync_PluginSaysCancelledUnasked_IsThePluginsError()
    {
        await using var plugin = TestPlugins.Load();
        using var cancellation = new CancellationTokenSource();

        var exception = await Assert.ThrowsAsync<PluginException>(() => plugin.CallAsync("error.9", default, cancellation.Token).Soon());

        Assert.Equal(PluginErrorCode.Cancelled, exception.Code);
    }

    [Fact]
    public async Task CallAsync_CancelledBefore_IsNeverSent()
    {
        await using var plugin = TestPlugins.Load();

        var call = plugin.CallAsync("test.sleep", LongSleep, new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
    }

    [Fact]
    public async Task CallAsync_CancelledAfterTheAnswer_ChangesNothing()
    {
        await using var plugin = TestPlugins.Load();
        using var cancellation = new CancellationTokenSource();

        var payload = await plugin.CallAsync("math.add", """{"a":1,"b":1}"""u8.ToArray(), cancellation.Token).Soon();
        await cancellation.CancelAsync();

        Assert.Equal("""{"result":2}""", Encoding.UTF8.GetString(payload));
    }

    [Fact]
    public async Task CallAsync_CancellationRacingCompletion_EndsOnce()
    {
        await using var plugin = TestPlugins.Load();
        var ends = new List<string>();

        for (var i = 0; i < 200; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var call = plugin.CallAsync("test.sleep", """{"duration_ms":1}"""u8.ToArray(), cancellation.Token);
            await cancellation.CancelAsync();
            ends.Add(await call.ContinueWith(task => task.Status.ToString(), TaskScheduler.Default).Soon());
        }

        Assert.All(ends, end => Assert.Contains(end, new[] { "RanToCompletion", "Canceled" }));
        Assert.Equal(0, CompletionCallback.Count);
    }

    [Fact]
    public async Task CallAsync_WithoutNativeCancellation_StopsWaiting()
    {
        await using var plugin = NativePluginLoader.Load(
            TestPlugins.PathOf("minimal"), new PluginConfig { ShutdownTimeout = TimeSpan.FromMilliseconds(100) });
        using var cancellation = new CancellationTokenSource();
        var call = plugin.CallAsync("test.sleep", """{"duration_ms":300}"""u8.ToArray(), cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
    }

    [Fact]
    public async Task CallAsync_AfterDispose_IsRefused()
    {
        var plugin = TestPlugins.Load();
        await plugin.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => plugin.CallAsync("echo", default));
    }
}
