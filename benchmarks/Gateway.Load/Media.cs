using System.Diagnostics;

namespace StreamGateway.Load;

/// <summary>Speech of a wanted length, made by espeak-ng, sox and opusenc in a temporary folder.</summary>
internal sealed class Media : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-load-");

    public async Task<string> SpeechAsync(int seconds, CancellationToken cancellationToken)
    {
        var sentence = Path.Combine(_folder.FullName, "sentence.wav");
        var speech = Path.Combine(_folder.FullName, "speech.wav");
        var ogg = Path.Combine(_folder.FullName, $"speech-{seconds}.ogg");
        const string Text = "This voice belongs to a load test. It speaks without a pause, so that every missing packet would show.";
        await RunAsync("espeak-ng", ["-v", "en-us", "-w", sentence, Text], cancellationToken);
        await RunAsync("sox", [sentence, speech, "repeat", "-", "trim", "0", $"{seconds}"], cancellationToken);
        await RunAsync("opusenc", ["--quiet", "--bitrate", "32", speech, ogg], cancellationToken);
        return ogg;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
        }
    }
}
