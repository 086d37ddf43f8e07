using Microsoft.Extensions.Logging.Abstractions;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Tests.Bundles;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcEngineTests
{
    [Fact]
    public async Task Engine_started_and_disposed_leaves_nothing_behind()
    {
        var before = RtcEngine.LiveAllocations;
        var engine = await RtcEngine.StartAsync(new RtcEngineOptions(), NullLoggerFactory.Instance).Soon();

        Assert.Equal(PluginState.Active, engine.State);
        Assert.Matches(@"^\d+\.\d+\.\d+", engine.Version);
        var tables = engine.ReadTables();
        Assert.Equal((0, 0, 0, 0, 0), (tables.Sessions, tables.Sources, tables.Sinks, tables.Sfus, tables.PeerConnections));
        Assert.Equal(0ul, engine.RejectedRequestCount);

        await engine.DisposeAsync().Soon();

        Assert.Equal(PluginState.Stopped, engine.State);
        Assert.Equal(before, RtcEngine.LiveAllocations);
        Assert.Throws<ObjectDisposedException>(() => engine.ReadTables());
    }

    [Fact]
    public async Task Settings_of_the_library_reach_it()
    {
        await using (await RtcEngine.StartAsync(
            new RtcEngineOptions { CallTimeout = TimeSpan.FromSeconds(3), EventBufferBytes = 1 << 16 }, NullLoggerFactory.Instance).Soon())
        {
        }

        var timeout = await Assert.ThrowsAsync<PluginException>(() => RtcEngine.StartAsync(
            new RtcEngineOptions { CallTimeout = TimeSpan.FromHours(2) }, NullLoggerFactory.Instance));
        var buffer = await Assert.ThrowsAsync<PluginException>(() => RtcEngine.StartAsync(
            new RtcEngineOptions { EventBufferBytes = 1 }, NullLoggerFactory.Instance));

        Assert.Contains("call_timeout_ms", timeout.Message, StringComparison.Ordinal);
        Assert.Contains("event_buffer_bytes", buffer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_are_counted()
    {
        await using var engine = await RtcEngine.StartAsync(new RtcEngineOptions(), NullLoggerFactory.Instance).Soon();
        var before = engine.CallCount;

        engine.ReadTables();
        engine.ReadTables();

        Assert.Equal((before + 2, 0), (engine.CallCount, engine.PendingCommandCount));
    }

    [Fact]
    public async Task Missing_library_is_named()
    {
        var exception = await Assert.ThrowsAsync<PluginException>(
            () => RtcEngine.StartAsync(new RtcEngineOptions { LibraryPath = "/nowhere/librtc.so" }, NullLoggerFactory.Instance));

        Assert.Contains("/nowhere/librtc.so", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_plugin_is_no_rtc_library()
    {
        var exception = await Assert.ThrowsAsync<PluginException>(
            () => RtcEngine.StartAsync(new RtcEngineOptions { LibraryPath = TestPlugins.Complete }, NullLoggerFactory.Instance));

        Assert.Contains("rtc_poll", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bundle_of_another_key_is_refused_and_one_without_trust_is_an_error()
    {
        using var files = TestBundle.Signed();
        var stranger = BundleTrust.Keys(MinisignSecretKey.Generate().PublicKey);

        var refused = await Assert.ThrowsAsync<BundleException>(() => RtcEngine.StartAsync(
            new RtcEngineOptions { BundlePath = files.Path, Trust = stranger }, NullLoggerFactory.Instance));
        await Assert.ThrowsAsync<ArgumentException>(() => RtcEngine.StartAsync(
            new RtcEngineOptions { BundlePath = files.Path }, NullLoggerFactory.Instance));

        Assert.Equal(BundleError.UntrustedKey, refused.Error);
    }
}
