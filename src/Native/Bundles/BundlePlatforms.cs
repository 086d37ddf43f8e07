using System.Runtime.InteropServices;

namespace StreamGateway.Native.Bundles;

/// <summary>The platform keys of the bundle format.</summary>
internal static class BundlePlatforms
{
    private static readonly string[] Known =
        ["linux-x86_64", "linux-aarch64", "darwin-x86_64", "darwin-aarch64", "windows-x86_64", "windows-aarch64"];

    /// <summary>The key of this process, by its own architecture rather than the machine's.</summary>
    internal static string Current { get; } = $"{System}-{Architecture}";

    private static string System =>
        OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : OperatingSystem.IsWindows() ? "windows" : "unknown";

    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        global::System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        global::System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        _ => "unknown",
    };

    internal static bool IsKnown(string key) => Known.Contains(key);
}
