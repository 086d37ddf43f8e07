using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginLifecycleTests
{
    [Fact]
    public void Load_Plugin_IsActive()
    {
        using var plugin = TestPlugins.Load();

        Assert.Equal(PluginState.Active, plugin.State);
        Assert.Equal(0ul, plugin.RejectedRequestCount);
        Assert.Equal(TestPlugins.Complete, plugin.Path);
    }

    [Fact]
    public void States_HaveTheNumbersOfTheAbi() => Assert.Equal(
        [0, 1, 2, 3, 4, 5], Enum.GetValues<PluginState>().Select(state => (int)state));

    [Fact]
    public async Task AfterDispose_EverythingIsDefined()
    {
        var plugin = TestPlugins.Load();
        await plugin.DisposeAsync().Soon();

        Assert.Equal(PluginState.Stopped, plugin.State);
        Assert.Equal(0ul, plugin.RejectedRequestCount);
        Assert.Equal(PluginLogLevel.Info, plugin.LogLevel);
        Assert.Throws<ObjectDisposedException>(() => plugin.Call("echo", "{}"));
        Assert.Throws<ObjectDisposedException>(() => plugin.Call("echo"u8, "{}"u8).Dispose());
        Assert.Throws<ObjectDisposedException>(() => plugin.CallRaw(1, default).Dispose());
        Assert.Throws<ObjectDisposedException>(() => plugin.LogLevel = PluginLogLevel.Debug);
    }

    [Fact]
    public async Task Dispose_Twice_IsFine()
    {
        var plugin = TestPlugins.Load();

        plugin.Dispose();
        plugin.Dispose();
        await plugin.DisposeAsync().Soon();

        Assert.True(await plugin.StopAsync().Soon());
    }

    [Fact]
    public async Task Dispose_FromFiveThreadsAtOnce_StopsOnce()
    {
        var plugin = TestPlugins.Load();
        using var start = new Barrier(5);

        var results = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(async () =>
        {
            start.SignalAndWait();
            return await plugin.StopAsync();
        }))).Soon();

        Assert.All(results, Assert.True);
    }

    [Fact]
    public async Task Dispose_WithCallsInFlight_WaitsForThem()
    {
        using var loggers = new RecordingLoggers();
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var plugin = TestPlugins.Load(loggers: loggers);
        loggers.OnLine = _ =>
        {
            entered.Set();
            release.Wait(Deadlines.Wait);
        };
        var blocking = Task.Run(() => plugin.Call("log", """{"level":2,"target":"t","message":"m"}"""));
        var asynchronous = plugin.CallAsync("test.sleep", """{"duration_ms":50}"""u8.ToArray());
        Assert.True(entered.Wait(Deadlines.Wait));

        var stop = plugin.StopAsync();
        Assert.Throws<ObjectDisposedException>(() => plugin.Call("echo", "{}"));
        await asynchronous.Soon();
        Assert.False(stop.IsCompleted);
        Assert.False(blocking.IsCompleted);
        release.Set();

        Assert.True(await stop.Soon());
        Assert.Equal("""{"lines":1}""", await blocking.Soon());
    }

    [Fact]
    public async Task Dispose_CallLongerThanTheDeadline_StopsAllTheSameAndFailsTheCall()
    {
        var plugin = TestPlugins.Load(new PluginConfig { ShutdownTimeout = TimeSpan.FromMilliseconds(100) });
        var call = plugin.CallAsync("test.sleep", """{"duration_ms":3000}"""u8.ToArray());
        var watch = Stopwatch.StartNew();

        Assert.True(await plugin.StopAsync().Soon());

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2.5));
        var exception = await Assert.ThrowsAsync<PluginException>(() => call.Soon());
        Assert.Equal(PluginErrorCode.RuntimeError, exception.Code);
        Assert.Equal("test.sleep", exception.Tag);
        Assert.Equal(0, CompletionCallback.Count);
    }

    [Fact]
    public async Task Dispose_PluginThatHangs_GivesUpAndSaysSo()
    {
        using var loggers = new RecordingLoggers();
        var plugin = NativePluginLoader.Load(
            TestPlugins.PathOf("shutdown_hangs"), new PluginConfig { ShutdownTimeout = TimeSpan.FromMilliseconds(50) }, loggers);

        Assert.False(await plugin.StopAsync().Soon());

        Assert.Contains(loggers.Lines, line => line.EventId == 6003);
        Assert.Equal(PluginState.Stopping, plugin.State);
    }

    [Fact]
    public async Task Dispose_PluginThatReportsFailure_SaysSo()
    {
        using var loggers = new RecordingLoggers();
        var plugin = NativePluginLoader.Load(TestPlugins.PathOf("shutdown_fails"), null, loggers);

        Assert.False(await plugin.StopAsync().Soon());

        Assert.Contains(loggers.Lines, line => line.EventId == 6002);
    }

    [Fact]
    public async Task Dispose_RacingCallsOfEightThreads_EachCallEndsInOneOfTwoWays()
    {
        for (var round = 0; round < 20; round++)
        {
            var plugin = TestPlugins.Load();
            var unexpected = new ConcurrentQueue<Exception>();
            using var started = new CountdownEvent(8);
            var threads = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
                () => CallUntilDisposed(plugin, started, unexpected), TaskCreationOptions.LongRunning)).ToArray();

            Assert.True(started.Wait(Deadlines.Wait));
            await plugin.DisposeAsync().Soon();
            await Task.WhenAll(threads).Soon();

            Assert.Empty(unexpected);
        }
    }

    [Fact]
    public async Task Dispose_ExceptionInUsingBlock_StillStops()
    {
        IPlugin? plugin = null;
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(async () =>
        {
            await using var scoped = plugin = TestPlugins.Load();
            throw new TimeZoneNotFoundException();
        });

        Assert.Equal(PluginState.Stopped, plugin!.State);
    }

    [Fact]
    public void ForgottenPlugin_IsStoppedByTheFinalizer()
    {
        var live = PluginHandle.LiveCount;
        LoadAndForget();
        Assert.Equal(live + 1, PluginHandle.LiveCount);

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return PluginHandle.LiveCount == live;
            },
            Deadlines.Wait));
    }

    [Fact]
    public void DisposedPlugin_CanBeCollected()
    {
        var plugin = LoadAndDispose();

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                return !plugin.IsAlive;
            },
            Deadlines.Wait));
    }

    [Fact]
    public void State_AfterUse_IsStillActive()
    {
        using var plugin = TestPlugins.Load();

        plugin.Call("echo", """{"message":"used"}""");

        Assert.Equal(PluginState.Active, plugin.State);
    }

    [Fact]
    public async Task Completion_OfAForgottenPlugin_ComesAllTheSame()
    {
        var completion = LoadAndForgetAllButCompletion();

        while (!completion.IsCompleted)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.WhenAny(completion, Task.Delay(TimeSpan.FromMilliseconds(10))).Soon();
        }

        Assert.True(await completion);
    }

    [Fact]
    public async Task Completion_ComesOnceTheInstanceHasStopped()
    {
        var plugin = TestPlugins.Load();
        var completion = plugin.Completion;
        Assert.False(completion.IsCompleted);

        var stopped = await plugin.StopAsync().Soon();

        Assert.True(stopped);
        Assert.True(completion.IsCompletedSuccessfully && await completion);
    }

    [Fact]
    public async Task Stop_WithALoggerThatThrows_StopsAllTheSame()
    {
        using var loggers = new RecordingLoggers { OnLine = _ => throw new InvalidOperationException("a logger that throws") };
        var plugin = NativePluginLoader.Load(TestPlugins.PathOf("shutdown_fails"), null, loggers);

        Assert.False(await plugin.StopAsync().Soon());
    }

    [Fact]
    public void Load_HundredTimes_LeavesNothing()
    {
        var live = PluginHandle.LiveCount;
        var buffers = TestPlugins.LiveAllocations;

        for (var i = 0; i < 100; i++)
        {
            using var plugin = TestPlugins.Load();
            plugin.Call("echo", $$"""{"message":"{{new string('x', i % 2 == 0 ? 10 : 10_000)}}"}""");
        }

        Assert.Equal(live, PluginHandle.LiveCount);
        Assert.Equal(buffers, TestPlugins.LiveAllocations);
    }

    [Fact]
    public void Instances_SideBySide_AreIndependent()
    {
        using var first = TestPlugins.Load(new PluginConfig { MaxConcurrentOps = 1 });
        using var second = NativePluginLoader.Load(TestPlugins.PathOf("minimal"));
        using (var third = TestPlugins.Load())
        {
            Assert.Throws<PluginException>(() => third.Call("panic", "{}"));
        }

        Assert.Equal(PluginState.Active, first.State);
        Assert.Equal("""{"result":3}""", first.Call("math.add", """{"a":1,"b":2}"""));
        Assert.Equal("""{"result":3}""", second.Call("math.add", """{"a":1,"b":2}"""));
    }

    private static void CallUntilDisposed(IPlugin plugin, CountdownEvent started, ConcurrentQueue<Exception> unexpected)
    {
        try
        {
            plugin.Call("math.add", """{"a":1,"b":2}""");
            started.Signal();
            while (true)
            {
                Assert.Equal("""{"result":3}""", plugin.Call("math.add", """{"a":1,"b":2}"""));
            }
        }
        catch (ObjectDisposedException)
        {
        }
        catch (Exception exception)
        {
            unexpected.Enqueue(exception);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference LoadAndDispose()
    {
        using var plugin = TestPlugins.Load();
        return new WeakReference(plugin);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task<bool> LoadAndForgetAllButCompletion() => TestPlugins.Load().Completion;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LoadAndForget() => TestPlugins.Load();
}
