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
}
