namespace StreamGateway.Tests.Browser;

/// <summary>Stream's own client in Chromium comes and goes.</summary>
[Collection(BrowserCollection.Name)]
public sealed class JoinTests
{
    private readonly BrowserWorld _world;

    public JoinTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task The_browser_and_a_bot_see_each_other()
    {
        var bot = await _world.Gateway.JoinAsync("meet", "bot");
        await using var events = await SseReader.OpenAsync(_world.Gateway.Http, $"/v1/sessions/{bot}/events");

        await using var page = await _world.JoinAsync("meet", "alice");

        await page.UntilAsync("call.state.callingState === 'joined'");
        await page.UntilAsync("call.state.remoteParticipants.some((one) => one.userId === 'bot')");
        await events.ReadUntilAsync("participant_joined", item => item.Data.Contains("\"alice\""));
        await page.ScreenshotAsync("joined");

        await page.EvaluateAsync("call.leave()");
        await events.ReadUntilAsync("participant_left", item => item.Data.Contains("\"alice\""));
        await _world.Gateway.LeaveAsync(bot);
    }
}
