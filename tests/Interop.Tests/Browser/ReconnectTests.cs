namespace StreamGateway.Tests.Browser;

/// <summary>Stream's own client in Chromium loses the SFU and finds it again.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ReconnectTests
{
    // WEBSOCKET_RECONNECT_STRATEGY_REJOIN
    private const int Rejoin = 3;

    private readonly BrowserWorld _world;

    public ReconnectTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task A_browser_whose_socket_is_cut_goes_on_in_the_same_session()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "cut");
        await using var page = await _world.JoinAsync("cut", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");
        var session = await page.EvaluateAsync("call.state.localParticipant.sessionId");

        _world.Road.Cut();
        await page.UntilAsync("states.includes('reconnecting') && call.state.callingState === 'joined'");
        await page.ScreenshotAsync("reconnected");

        Assert.Equal(session.GetString(), (await page.EvaluateAsync("call.state.localParticipant.sessionId")).GetString());
        await bot.HearAsync("alice", 4_000);
        await page.EvaluateAsync("call.leave()");
        var events = await bot.AllUntilAsync("participant_left");
        Assert.DoesNotContain(events, item => item.Type == "participant_joined");
    }

    [Fact]
    public async Task A_browser_whose_SFU_is_gone_rejoins_when_it_is_back()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "gone");
        await using var page = await _world.JoinAsync("gone", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");
        var session = await page.EvaluateAsync("call.state.localParticipant.sessionId");

        await _world.Road.Close().WithTimeout();
        await Eventually.GetAsync(
            () => page.EvaluateAsync("call.reconnectStrategy"), strategy => strategy.GetInt32() == Rejoin);
        await page.ScreenshotAsync("reconnecting");
        _world.Road.Open();
        await page.UntilAsync("states.includes('reconnecting') && call.state.callingState === 'joined'");

        Assert.NotEqual(session.GetString(), (await page.EvaluateAsync("call.state.localParticipant.sessionId")).GetString());
        await bot.SeesAsync("participant_left", session.GetString()!);
        await page.UntilAsync("call.publisher.isPublishing(1)");
        await bot.HearAsync("alice", 4_000);
        await page.ScreenshotAsync("rejoined");
    }
}
