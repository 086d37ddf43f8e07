using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Bundler;

/// <summary>Where and from what a bundle is made.</summary>
internal static class BuildInfo
{
    internal static BundleBuildInfo Collect(string? compiler) => new()
    {
        BuiltBy = Environment.GetEnvironmentVariable("CI") is { Length: > 0 } ? "ci" : "local",
        BuiltAt = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        Host = RuntimeInformation.RuntimeIdentifier,
        Compiler = compiler,
        Git = Git("rev-parse", "HEAD") is { } commit
            ? new BundleGitInfo
            {
                Commit = commit,
                Branch = Git("rev-parse", "--abbrev-ref", "HEAD"),
                Tag = Git("describe", "--tags", "--exact-match"),
                Dirty = Git("status", "--porcelain") is { Length: > 0 },
            }
            : null,
    };

    private static string? Git(params string[] arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? text : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
