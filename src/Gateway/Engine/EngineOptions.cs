using System.ComponentModel.DataAnnotations;
using StreamGateway.Native.Hosting;
using StreamGateway.Settings;

namespace StreamGateway.Engine;

/// <summary>The native RTC library: section <c>Native</c>.</summary>
internal sealed class EngineOptions
{
    public const string Section = "Native";

    /// <value>Path of <c>librtc.so</c>; the default is the one beside the program.</value>
    public string? LibraryPath { get; set; }

    /// <value>A signed bundle to take the library from, instead of <see cref="LibraryPath"/>.</value>
    public string? BundlePath { get; set; }

    /// <value>Whose signature on the bundle is accepted: minisign's public key, as text or as the path of its file.</value>
    public string? BundlePublicKey { get; set; }

    public PluginLogLevel LogLevel { get; set; } = PluginLogLevel.Warn;

    /// <value>Commands that may run at once; further ones are refused. The default is 1,024.</value>
    [Range(1, 100_000)]
    public int MaxConcurrentCommands { get; set; } = 1_024;

    /// <value>Events of one session that may wait for the gateway. The default is 4,096.</value>
    [Range(64, 1_000_000)]
    public int EventCapacity { get; set; } = 4_096;

    /// <value>How long the library may take to stop. The default is 5 seconds.</value>
    [Duration("00:00:00.1", "00:05:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
