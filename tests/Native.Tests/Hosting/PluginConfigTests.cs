using System.Text;
using System.Text.Json;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginConfigTests
{
    [Fact]
    public void Nothing_set_sends_an_empty_data_object_and_nothing_else() => Assert.Equal("""{"data":{}}""", Json(new PluginConfig()));

    [Fact]
    public void Everything_set_is_sent() => Assert.Equal(
        """{"data":{"key":"value"},"init_params":[1,2],"worker_threads":4,"log_level":"debug","max_concurrent_ops":0,"shutdown_timeout_ms":1500}""",
        Json(new PluginConfig
        {
            Data = Element("""{"key":"value"}"""),
            InitParams = Element("[1,2]"),
            WorkerThreads = 4,
            LogLevel = PluginLogLevel.Debug,
            MaxConcurrentOps = 0,
            ShutdownTimeout = TimeSpan.FromSeconds(1.5),
        }));

    [Theory]
    [InlineData(PluginLogLevel.Trace, "trace")]
    [InlineData(PluginLogLevel.Debug, "debug")]
    [InlineData(PluginLogLevel.Info, "info")]
    [InlineData(PluginLogLevel.Warn, "warn")]
    [InlineData(PluginLogLevel.Error, "error")]
    [InlineData(PluginLogLevel.Off, "off")]
    public void Levels_are_sent_by_name(PluginLogLevel level, string name) =>
        Assert.Equal($$"""{"data":{},"log_level":"{{name}}"}""", Json(new PluginConfig { LogLevel = level }));

    [Fact]
    public void Settings_out_of_range_are_refused_before_anything_is_loaded()
    {
        Refuses(nameof(PluginConfig.WorkerThreads), new PluginConfig { WorkerThreads = 0 });
        Refuses(nameof(PluginConfig.MaxConcurrentOps), new PluginConfig { MaxConcurrentOps = -1 });
        Refuses(nameof(PluginConfig.ShutdownTimeout), new PluginConfig { ShutdownTimeout = TimeSpan.FromMilliseconds(-1) });
        Refuses(nameof(PluginConfig.ShutdownTimeout), new PluginConfig { ShutdownTimeout = TimeSpan.FromDays(2) });
        Refuses(nameof(PluginConfig.LogLevel), new PluginConfig { LogLevel = (PluginLogLevel)6 });

        static void Refuses(string setting, PluginConfig config) => Assert.Equal(
            setting, Assert.Throws<ArgumentOutOfRangeException>(() => NativePluginLoader.Load("/nowhere.so", config)).ParamName);
    }

    [Fact]
    public void Text_of_a_configuration_holds_no_data() =>
        Assert.DoesNotContain("secret", new PluginConfig { Data = Element("""{"k":"secret"}""") }.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Configuration_reaches_the_plugin()
    {
        var exception = Assert.Throws<PluginException>(
            () => TestPlugins.Load(new PluginConfig { Data = Element("""{"refuse":true}""") }));

        Assert.Equal(PluginErrorCode.InitializationFailed, exception.Code);
        Assert.Contains("libtest_complete.so", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "100")]
    [InlineData("""{"cache_size":7}""", "7")]
    public void Plugin_that_is_made_with_its_configuration_gets_it(string? data, string size)
    {
        var config = new PluginConfig { Data = data is null ? null : Element(data) };
        using var plugin = NativePluginLoader.Load(TestPlugins.PathOf("with_config"), config);

        Assert.Equal(size, plugin.Call("cache_size", "{}"));
    }

    [Fact]
    public void Plugin_that_refuses_to_be_made_with_its_configuration_is_named()
    {
        var exception = Assert.Throws<PluginException>(() => NativePluginLoader.Load(
            TestPlugins.PathOf("with_config"), new PluginConfig { Data = Element("""{"cache_size":-1}""") }));

        Assert.Equal(PluginErrorCode.InitializationFailed, exception.Code);
        Assert.Contains("plugin_create_with_config answered null", exception.Message, StringComparison.Ordinal);
    }

    private static string Json(PluginConfig config) => Encoding.UTF8.GetString(config.ToJsonBytes());

    private static JsonElement Element(string json) => JsonSerializer.Deserialize<JsonElement>(json);
}
