using System.Text.Json;

namespace StreamGateway.Tests.Browser;

/// <summary>Sound and pictures between Stream's own client in Chromium and others.</summary>
[Collection(BrowserCollection.Name)]
public sealed class MediaTests
{
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(400);

    private readonly BrowserWorld _world;

    public MediaTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task The_browser_hears_what_a_bot_says()
    {
        var speech = await Speech.OggAsync();
        await using var bot = await Bot.JoinAsync(_world.Gateway, "hear");
        await using var page = await _world.JoinAsync("hear", "alice");

        var saying = bot.SayAsync(speech);
        await page.UntilAsync("call.state.remoteParticipants[0]?.audioStream");
        var recorded = await page.EvaluateAsync("recordAudio(call.state.remoteParticipants[0].audioStream, 4000)");
        await saying;

        var heard = await Sound.DecodeAsync(recorded.GetBytesFromBase64(), "-f", "f32le", "-ar", "48000", "-ac", "1");
        var likeness = heard.FoundIn(await Sound.DecodeAsync(speech), Piece);
        Assert.True(likeness >= 0.9, $"{likeness:F3} of the speech was heard");
    }

    [Fact]
    public async Task A_bot_hears_the_browsers_microphone()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "speak");
        await using var page = await _world.JoinAsync("speak", "alice", microphone: true);

        var recorded = await bot.ListenAsync("alice:audio", "audio/ogg", 24_000);

        var heard = await Sound.DecodeAsync(recorded);
        var spoken = await Sound.DecodeAsync(await File.ReadAllBytesAsync(Repository.Artifact("microphone.wav")));
        var likeness = heard.FoundIn(spoken.Repeated(2), Piece);
        Assert.True(heard.Duration > TimeSpan.FromSeconds(1.5), $"{heard.Duration} heard");
        Assert.True(likeness >= 0.9, $"{likeness:F3} of what was heard is what the microphone played");
        await bot.SeesAsync("audio_levels", "alice");
    }

    [Fact]
    public async Task A_browser_sees_anothers_camera_as_large_as_it_asks()
    {
        await using var alice = await _world.JoinAsync("layers", "alice", camera: true);
        await using var bob = await _world.JoinAsync("layers", "bob");
        await bob.UntilAsync("call.state.remoteParticipants[0]?.videoStream");

        // One page sees every simulcast layer in turn.
        foreach (var part in new[] { 4, 2, 1 })
        {
            var (width, height) = (Material.Width / part, Material.Height / part);
            await bob.EvaluateAsync($"call.setPreferredIncomingVideoResolution({{ width: {width}, height: {height} }})");
            var seen = await bob.EvaluateAsync($"captureFrames(call.state.remoteParticipants[0].videoStream, 8, {width})");
            await bob.ScreenshotAsync($"camera-{width}");

            var quality = await PsnrAsync(seen, width, height);
            Assert.True(quality.Min() >= 30, $"{width}x{height}: {string.Join(", ", quality.Select(psnr => $"{psnr:F1} dB"))}");
        }
    }

    private static async Task<IReadOnlyList<double>> PsnrAsync(JsonElement seen, int width, int height)
    {
        Assert.Equal((width, height), (seen.GetProperty("width").GetInt32(), seen.GetProperty("height").GetInt32()));
        var frames = Frames.FromRaw(width, height, seen.GetProperty("pictures").GetBytesFromBase64());
        return frames.BestPsnrAgainst(await Material.CameraFramesAsync(width, height));
    }
}
