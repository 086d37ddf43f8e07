using Microsoft.Extensions.Logging;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginLogTests
{
    [Fact]
    public void Plugin_ThatStarts_LogsToItsTarget()
    {
        using var loggers = new RecordingLoggers();
        using var plugin = TestPlugins.Load(loggers: loggers);

        Assert.Contains(new LogLine("hello_plugin", LogLevel.Information, 6000, "the plugin has started"), loggers.Lines);
    }

    [Theory]
    [InlineData(0, LogLevel.Trace)]
    [InlineData(1, LogLevel.Debug)]
    [InlineData(2, LogLevel.Information)]
    [InlineData(3, LogLevel.Warning)]
    [InlineData(4, LogLevel.Error)]
    public void Levels_MapToDotnetLevels(int level, LogLevel expected)
    {
        using var loggers = new RecordingLoggers();
        using var plugin = TestPlugins.Load(new PluginConfig { LogLevel = PluginLogLevel.Trace }, loggers);

        plugin.Call("log", $$"""{"level":{{level}},"target":"a::b","message":"grüße 😀"}""");

        Assert.Contains(new LogLine("a::b", expected, 6000, "grüße 😀"), loggers.Lines);
    }

    [Fact]
    public void LogLevel_ChangedLive_Applies()
    {
        using var loggers = new RecordingLoggers();
        using var plugin = TestPlugins.Load(loggers: loggers);

        Log("before");
        plugin.LogLevel = PluginLogLevel.Debug;
        Log("while debug");
        plugin.LogLevel = PluginLogLevel.Off;
        Log("while off");

        Assert.Equal(PluginLogLevel.Off, plugin.LogLevel);
        Assert.Equal(["while debug"], loggers.Lines.Where(line => line.Category == "t").Select(line => line.Text));

        void Log(string message) => plugin.Call("log", $$"""{"level":1,"target":"t","message":"{{message}}"}""");
    }

    [Fact]
    public void SingleLogger_ReceivesEveryTarget()
    {
        using var loggers = new RecordingLoggers();
        using var plugin = NativePluginLoader.Load(TestPlugins.Complete, null, loggers.CreateLogger("mine"));

        plugin.Call("log", """{"level":2,"target":"t","message":"m"}""");

        Assert.Contains(loggers.Lines, line => line is { Category: "mine", Text: "m" });
    }

    [Fact]
    public void LoggerThatThrows_HurtsNobody()
    {
        using var loggers = new RecordingLoggers { OnLine = _ => throw new InvalidOperationException("on purpose") };
        var failures = LogCallbacks.Failures;
        using var plugin = TestPlugins.Load(loggers: loggers);

        Assert.Equal("""{"lines":3}""", plugin.Call("log", """{"level":2,"target":"t","message":"m","count":3}"""));
        Assert.True(LogCallbacks.Failures >= failures + 3);
    }

    [Fact]
    public async Task DisposeInsideALogCallback_DoesNotWaitForItself()
    {
        using var loggers = new RecordingLoggers();
        var plugin = TestPlugins.Load(loggers: loggers);
        loggers.OnLine = _ => plugin.Dispose();

        await Task.Run(() => plugin.Call("log", """{"level":2,"target":"t","message":"m"}""")).Soon();

        Assert.True(await plugin.StopAsync().Soon());
        Assert.Equal(PluginState.Stopped, plugin.State);
    }

    [Fact]
    public async Task PluginThatLogsAfterAFailedStart_FindsNoLogger()
    {
        using var loggers = new RecordingLoggers();

        Assert.Throws<PluginException>(() => NativePluginLoader.Load(TestPlugins.PathOf("late_logger"), null, loggers));

        // It goes on logging for 100 ms; another plugin, with a logger of its own, works meanwhile.
        using var others = new RecordingLoggers();
        await using var plugin = TestPlugins.Load(loggers: others);
        await plugin.CallAsync("test.sleep", """{"duration_ms":150}"""u8.ToArray()).Soon();
        Assert.DoesNotContain(others.Lines, line => line.Category == "late");
    }

    [Fact]
    public void Factories_BeyondTheLimit_LeavePluginsWithoutLog()
    {
        var plugins = new List<IPlugin>();
        using var last = new RecordingLoggers();
        try
        {
            for (var i = 0; i < LogCallbacks.Count; i++)
            {
                plugins.Add(TestPlugins.Load(loggers: new RecordingLoggers()));
            }

            plugins.Add(TestPlugins.Load(loggers: last));
        }
        finally
        {
            plugins.ForEach(plugin => plugin.Dispose());
        }

        Assert.Contains(last.Lines, line => line.EventId == 6005);

        // Every share was given back.
        using var again = new RecordingLoggers();
        using var plugin = TestPlugins.Load(loggers: again);
        Assert.Contains(again.Lines, line => line.Category == "hello_plugin");
    }

    [Fact]
    public void Targets_WithoutEnd_ShareACategory()
    {
        using var loggers = new RecordingLoggers();
        using var plugin = TestPlugins.Load(loggers: loggers);

        for (var i = 0; i < 400; i++)
        {
            plugin.Call("log", $$"""{"level":2,"target":"target {{i}}","message":"m"}""");
        }

        Assert.InRange(loggers.Lines.Select(line => line.Category).Distinct().Count(), 200, 260);
        Assert.Contains(loggers.Lines, line => line.Category == "plugin");
    }
}
