using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace StreamGateway.Tests.Browser;

/// <summary>Headless Chromium whose camera and microphone play files.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Announcement = "DevTools listening on ";

    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly DevTools _devTools;

    private Chromium(Process process, DirectoryInfo profile, DevTools devTools)
    {
        _process = process;
        _profile = profile;
        _devTools = devTools;
    }

    /// <param name="cameraFile">Y4M that the camera plays again and again.</param>
    /// <param name="microphoneFile">WAV that the microphone plays again and again.</param>
    /// <param name="extra">More arguments.</param>
    public static async Task<Chromium> StartAsync(string cameraFile, string microphoneFile, params string[] extra)
    {
        var profile = Directory.CreateTempSubdirectory("chromium-");
        var process = Process.Start(new ProcessStartInfo("chromium", [.. Arguments(profile, cameraFile, microphoneFile), .. extra])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var endpoint = await AnnouncedAsync(process).WithTimeout();
        return new Chromium(process, profile, await DevTools.ConnectAsync(endpoint));
    }

    /// <summary>A page of its own: it shares neither storage nor anything else with other pages.</summary>
    public async Task<Tab> OpenAsync(Uri address)
    {
        var context = await _devTools.SendAsync("Target.createBrowserContext", new() { ["disposeOnDetach"] = true });
        var contextId = context.GetProperty("browserContextId").GetString()!;
        var target = await _devTools.SendAsync(
            "Target.createTarget",
            new() { ["url"] = "about:blank", ["browserContextId"] = contextId, ["newWindow"] = true, ["width"] = 1100, ["height"] = 800 });
        var tab = await Tab.AttachAsync(_devTools, target.GetProperty("targetId").GetString()!, contextId);
        await tab.NavigateAsync(address);
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _devTools.SendAsync("Browser.close");
            await _process.WaitForExitAsync().WithTimeout();
        }
        finally
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync().WithTimeout();
            }

            await _devTools.DisposeAsync();
            _process.Dispose();
            _profile.Delete(recursive: true);
        }
    }

    private static string[] Arguments(DirectoryInfo profile, string cameraFile, string microphoneFile) =>
    [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        // A page in the background is throttled otherwise.
        "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        // The SFU listens on loopback, where nobody resolves mDNS names.
        "--disable-features=WebRtcHideLocalIpsWithMdns",
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        $"--use-file-for-fake-video-capture={cameraFile}", $"--use-file-for-fake-audio-capture={microphoneFile}",
        "--auto-accept-this-tab-capture", "--autoplay-policy=no-user-gesture-required",
        "--remote-debugging-port=0", $"--user-data-dir={profile.FullName}", "about:blank",
    ];

    private static Task<Uri> AnnouncedAsync(Process process)
    {
        var endpoint = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                endpoint.TrySetException(new BrowserException($"Chromium did not start: {said}"));
            }
            else if (line.Data.StartsWith(Announcement, StringComparison.Ordinal))
            {
                endpoint.TrySetResult(new Uri(line.Data[Announcement.Length..]));
            }
            else if (!endpoint.Task.IsCompleted)
            {
                said.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
        return endpoint.Task;
    }
}
