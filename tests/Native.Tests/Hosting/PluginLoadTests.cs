using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginLoadTests
{
    [Theory]
    [InlineData("", "the path is empty")]
    [InlineData("  ", "the path is empty")]
    [InlineData("/nowhere/libplugin.so", "there is no such file")]
    public void Load_NoFile_SaysSo(string path, string reason) => Assert.Contains(reason, Failure(path), StringComparison.Ordinal);

    [Fact]
    public void Load_Null_IsRefused() => Assert.Throws<ArgumentNullException>(() => NativePluginLoader.Load(null!));

    [Fact]
    public void Load_Directory_SaysSo() =>
        Assert.Contains("there is no such file", Failure(AppContext.BaseDirectory), StringComparison.Ordinal);

    [Fact]
    public void Load_TextFile_IsNotALibrary()
    {
        using var file = new TemporaryFile("this is not a library, and longer than the head of one would have to be");

        Assert.Contains("not a shared library", Failure(file.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EmptyFile_IsNotALibrary()
    {
        using var file = new TemporaryFile("");

        Assert.Contains("not a shared library", Failure(file.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 1, "64-bit little-endian")]
    [InlineData(5, 2, "64-bit little-endian")]
    [InlineData(18, 3, "another processor")]
    [InlineData(16, 2, "not a shared library")]
    public void Load_LibraryForAnotherMachine_SaysSo(int offset, byte value, string reason)
    {
        var bytes = File.ReadAllBytes(TestPlugins.Complete);
        bytes[offset] = value;
        using var file = new TemporaryFile(bytes);

        Assert.Contains(reason, Failure(file.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(70)]
    [InlineData(2000)]
    [InlineData(10_000)]
    public void Load_CutLibrary_NamesFileAndReason(int size)
    {
        using var file = new TemporaryFile(File.ReadAllBytes(TestPlugins.Complete)[..size]);

        Assert.Contains($"{file.Path}: it is cut off", Failure(file.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MissingSymbols_NamesThemAll()
    {
        var message = Failure(TestPlugins.PathOf("missing"));

        foreach (var symbol in new[] { "plugin_init", "plugin_call", "plugin_free_buffer", "plugin_set_log_level", "plugin_get_state", "plugin_get_rejected_count" })
        {
            Assert.Contains(symbol, message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("plugin_create", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PluginThatRefusesToBeCreated_SaysSo() =>
        Assert.Contains("plugin_create answered null", Failure(TestPlugins.PathOf("refuses_create")), StringComparison.Ordinal);

    [Fact]
    public void Load_PluginThatRefusesToStart_SaysSo() =>
        Assert.Contains("plugin_init answered null", Failure(TestPlugins.PathOf("late_logger")), StringComparison.Ordinal);

    [Fact]
    public void Load_ThroughALink_IsTheSameLibrary()
    {
        var link = Path.Combine(Path.GetTempPath(), $"link-{Guid.NewGuid():N}.so");
        File.CreateSymbolicLink(link, TestPlugins.Complete);
        try
        {
            using var plugin = NativePluginLoader.Load(link);
            Assert.Equal(TestPlugins.Complete, plugin.Path);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public void Load_SecondGoLibrary_IsRefused()
    {
        var rtc = Path.Combine(AppContext.BaseDirectory, "librtc.so");
        using var first = NativePluginLoader.Load(rtc);
        using var copy = new TemporaryFile(File.ReadAllBytes(rtc));

        var message = Failure(copy.Path);

        Assert.Contains("two Go runtimes", message, StringComparison.Ordinal);
        Assert.Contains(rtc, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_RtcLibrary_TellsWhyItRefusedItsConfiguration()
    {
        var rtc = Path.Combine(AppContext.BaseDirectory, "librtc.so");

        var exception = Assert.Throws<PluginException>(
            () => NativePluginLoader.Load(rtc, new PluginConfig { ShutdownTimeout = TimeSpan.FromHours(20) }));

        Assert.Contains("shutdown_timeout_ms", exception.Message, StringComparison.Ordinal);
    }

    private static string Failure(string path)
    {
        var exception = Assert.Throws<PluginException>(() => NativePluginLoader.Load(path));
        Assert.Equal(PluginErrorCode.InitializationFailed, exception.Code);
        Assert.StartsWith("Failed to ", exception.Message, StringComparison.Ordinal);
        return exception.Message;
    }

    private sealed class TemporaryFile : IDisposable
    {
        internal TemporaryFile(string text)
            : this(System.Text.Encoding.UTF8.GetBytes(text))
        {
        }

        internal TemporaryFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

        internal string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"lib{Guid.NewGuid():N}.so");

        public void Dispose() => File.Delete(Path);
    }
}
