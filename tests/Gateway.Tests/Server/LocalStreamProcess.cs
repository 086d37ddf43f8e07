using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace StreamGateway.Tests.Server;

/// <summary>The embedded Stream as a process of its own, which a test may kill and start again at the same ports.</summary>
internal sealed partial class LocalStreamProcess : IDisposable
{
    public const string ApiKey = "tested";
    public const string ApiSecret = "secret of the embedded Stream under test";

    private readonly Process _process;

    private LocalStreamProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    /// <param name="port">0 takes a free one.</param>
    /// <param name="extra">More arguments.</param>
    public static async Task<LocalStreamProcess> StartAsync(int port = 0, params string[] extra)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Stream.Local.dll"),
                "--port", port.ToString(CultureInfo.InvariantCulture), "--sfu-port", "0",
                "--api-key", ApiKey, "--api-secret", ApiSecret, .. extra,
            ])
        {
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync().WithTimeout() is { } line)
            {
                if (Announcement().Match(line) is { Success: true } match)
                {
                    _ = DrainAsync(process.StandardOutput);
                    return new LocalStreamProcess(process, new Uri(match.Groups[1].Value));
                }
            }

            throw new InvalidOperationException("The embedded Stream ended before it had started.");
        }
        catch
        {
            End(process);
            throw;
        }
    }

    /// <summary>Ends it as a crash would: no goodbye to anyone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WithTimeout();
    }

    public void Dispose() => End(_process);

    /// <summary>Reads on, so that the pipe never fills.</summary>
    private static async Task DrainAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is not null)
        {
        }
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }

    [GeneratedRegex(@"Embedded Stream at (http://[^\s,]+)")]
    private static partial Regex Announcement();
}
