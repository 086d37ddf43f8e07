namespace StreamGateway.Tests.Browser;

/// <summary>Stream's own client in Chromium comes and goes.</summary>
[Collection(BrowserCollection.Name)]
public sealed class JoinTests
{
    private readonly BrowserWorld _world;

    public JoinTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task The_browser_and_a_bot_see_each_other_come_and_go()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "meet");

        await using var page = await _world.JoinAsync("meet", "alice");

        await page.UntilAsync("call.state.callingState === 'joined'");
        Assert.Empty(page.Complaints);
        await page.UntilAsync("call.state.remoteParticipants.some((one) => one.userId === 'bot')");
        await bot.SeesAsync("participant_joined", "alice");
        await page.ScreenshotAsync("joined");

        await page.EvaluateAsync("call.leave()");
        await bot.SeesAsync("participant_left", "alice");
    }

    [Fact]
    public async Task A_closed_tab_is_a_participant_that_left()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "close");
        await using var page = await _world.JoinAsync("close", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");

        await page.CloseAsync();

        await bot.SeesAsync("participant_left", "alice");
    }

    [Fact]
    public async Task A_reloaded_page_comes_back_as_a_new_participant()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "reload");
        await using var page = await _world.JoinAsync("reload", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");

        await page.ReloadAsync();
        await bot.SeesAsync("participant_left", "alice");
        await _world.JoinAsync(page, "reload", "alice", microphone: true);

        await bot.SeesAsync("participant_joined", "alice");
        await bot.SeesAsync("track_published", "alice");
        await page.UntilAsync("call.state.participants.length === 2");
        await page.ScreenshotAsync("reloaded");
    }

    [Fact]
    public async Task A_kicked_browser_is_out()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "kick");
        await using var page = await _world.JoinAsync("kick", "alice");

        await _world.CommandAsync("kick", "kick", """{"user_id":"alice","kicked_by_id":"bot"}""");

        await page.UntilAsync("call.state.callingState === 'left'");
        await page.ScreenshotAsync("kicked");
        await bot.SeesAsync("participant_left", "alice");
    }

    [Fact]
    public async Task The_end_of_the_call_sends_the_browser_away()
    {
        await using var page = await _world.JoinAsync("end", "alice");

        await _world.CommandAsync("end", "mark_ended", "{}");

        await page.UntilAsync("call.state.callingState === 'left'");
        await page.UntilAsync("call.state.endedAt");
        await page.ScreenshotAsync("ended");
    }

    [Fact]
    public async Task A_browser_that_ends_the_call_sends_the_bot_away()
    {
        // Who creates a call is its host.
        await using var page = await _world.JoinAsync("over", "alice");
        var bot = await Bot.JoinAsync(_world.Gateway, "over");

        await page.EvaluateAsync("call.endCall()");

        var left = await bot.SeesAsync("left");
        Assert.Contains("call_ended", left.Data);
        await page.UntilAsync("call.state.callingState === 'left'");
        await bot.Events.DisposeAsync();
    }
}
