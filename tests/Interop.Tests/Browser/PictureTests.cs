namespace StreamGateway.Tests.Browser;

/// <summary>Pictures between Stream's own client in Chromium and others.</summary>
[Collection(BrowserCollection.Name)]
public sealed class PictureTests
{
    private const string OthersCamera = "call.state.remoteParticipants[0]?.videoStream";

    private readonly BrowserWorld _world;

    public PictureTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task A_browser_sees_anothers_camera_as_large_as_it_asks()
    {
        await using var alice = await _world.JoinAsync("layers", "alice", camera: true);
        await using var bob = await _world.JoinAsync("layers", "bob");
        await bob.UntilAsync(OthersCamera);

        // One page sees every simulcast layer in turn.
        foreach (var part in new[] { 4, 2, 1 })
        {
            var (width, height) = (Material.Width / part, Material.Height / part);
            await bob.EvaluateAsync($"call.setPreferredIncomingVideoResolution({{ width: {width}, height: {height} }})");
            var seen = await bob.CaptureAsync(OthersCamera, 8, width);
            await bob.ScreenshotAsync($"camera-{width}");

            seen.AssertAmong(await Material.CameraFramesAsync(width, height));
        }

        Assert.Empty(alice.Complaints);
        Assert.Empty(bob.Complaints);
    }

    [Fact]
    public async Task The_browser_sees_what_a_bot_shows()
    {
        var film = await Material.FilmAsync();
        await using var bot = await Bot.JoinAsync(_world.Gateway, "film");
        await using var page = await _world.JoinAsync("film", "alice", camera: true);

        var showing = bot.ShowAsync(film);
        await page.UntilAsync(OthersCamera);
        var seen = await page.CaptureAsync(OthersCamera, 10);
        await page.ScreenshotAsync("film");
        await showing;

        seen.AssertAmong(await Frames.DecodeAsync(film, Material.FilmWidth, Material.FilmHeight));
    }

    [Fact]
    public async Task A_bot_sees_each_layer_of_the_browsers_camera()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "watch");
        await using var page = await _world.JoinAsync("watch", "alice", camera: true);

        foreach (var part in new[] { 4, 2, 1 })
        {
            var (width, height) = (Material.Width / part, Material.Height / part);
            await bot.WatchAsync(height);
            var seen = await bot.SeeAsync("alice", width, 8);

            (await Frames.DecodeAsync(seen, width, height)).AssertAmong(await Material.CameraFramesAsync(width, height));
        }
    }

    [Fact]
    public async Task Layers_within_one_stream_arrive_whole()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "scalable");
        await using var alice = await _world.JoinAsync("scalable", "alice", camera: true, videoCodec: "vp9");
        await using var bob = await _world.JoinAsync("scalable", "bob");
        var shown = await Material.CameraFramesAsync(Material.Width, Material.Height);
        await bob.UntilAsync(OthersCamera);

        (await bob.CaptureAsync(OthersCamera, 8, Material.Width)).AssertAmong(shown);
        await bob.ScreenshotAsync("camera-vp9");
        var seen = await bot.SeeAsync("alice", "VP90", 8);
        (await Frames.DecodeAsync(seen, Material.Width, Material.Height)).AssertAmong(shown);

        var mode = await alice.EvaluateAsync("call.publisher.pc.getSenders()[0].getParameters().encodings[0].scalabilityMode");
        Assert.Equal("L3T1_KEY", mode.GetString());
        // The client warns of the choice of a codec itself.
        Assert.All(alice.Complaints, complaint => Assert.Contains("updatePublishOptions", complaint));
        Assert.Empty(bob.Complaints);
    }
}
