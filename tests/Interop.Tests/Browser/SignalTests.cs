namespace StreamGateway.Tests.Browser;

/// <summary>What participants tell each other beside sound and pictures, with Stream's own client in Chromium.</summary>
[Collection(BrowserCollection.Name)]
public sealed class SignalTests
{
    private readonly BrowserWorld _world;

    public SignalTests(BrowserWorld world) => _world = world;

    [Fact]
    public async Task A_browser_that_mutes_itself_is_seen_muted_until_it_speaks_again()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "mute");
        await using var page = await _world.JoinAsync("mute", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");

        await page.EvaluateAsync("call.microphone.disable()");
        await bot.SeesAsync("track_unpublished", "alice");
        await page.ScreenshotAsync("muted");
        await page.EvaluateAsync("call.microphone.enable()");
        await bot.SeesAsync("track_published", "alice");
        await bot.HearAsync("alice", 4_000);
    }

    [Fact]
    public async Task A_browser_muted_by_a_moderator_turns_its_microphone_off()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "moderate");
        await using var page = await _world.JoinAsync("moderate", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");

        await _world.CommandAsync("moderate", "mute_users", """{"user_ids":["alice"],"audio":true,"muted_by_id":"bot"}""");

        await page.UntilAsync("call.microphone.state.status === 'disabled'");
        await bot.SeesAsync("track_unpublished", "alice");
    }

    [Fact]
    public async Task A_browser_that_may_not_speak_any_more_turns_its_microphone_off_and_may_ask()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "permit");
        await using var page = await _world.JoinAsync("permit", "alice", microphone: true);
        await bot.SeesAsync("track_published", "alice");

        await _world.CommandAsync("permit", "user_permissions", """{"user_id":"alice","revoke_permissions":["send-audio"]}""");
        await page.UntilAsync("!call.state.ownCapabilities.includes('send-audio')");
        await page.UntilAsync("call.microphone.state.status === 'disabled'");
        await bot.SeesAsync("track_unpublished", "alice");

        await page.EvaluateAsync("call.requestPermissions({ permissions: ['send-audio'] })");
        await bot.SeesAsync("call.permission_request", "alice", "send-audio");
        await _world.CommandAsync("permit", "user_permissions", """{"user_id":"alice","grant_permissions":["send-audio"]}""");
        await page.UntilAsync("call.state.ownCapabilities.includes('send-audio')");
        await page.EvaluateAsync("call.microphone.enable()");
        await bot.SeesAsync("track_published", "alice");
    }

    [Fact]
    public async Task A_bot_that_speaks_and_stops_is_seen_so_by_the_browser()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "speaking");
        await using var page = await _world.JoinAsync("speaking", "alice");

        var saying = bot.SayAsync(await Speech.OggAsync());
        await page.UntilAsync("call.state.remoteParticipants[0]?.publishedTracks.includes(1)");
        await page.UntilAsync("call.state.remoteParticipants[0].isSpeaking");
        await page.UntilAsync("call.state.dominantSpeaker?.userId === 'bot'");
        await page.ScreenshotAsync("speaking");
        await saying;
        await page.UntilAsync("!call.state.remoteParticipants[0].publishedTracks.includes(1)");
    }

    [Fact]
    public async Task A_shared_screen_is_seen_by_the_others_until_it_ends()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "screen");
        await using var alice = await _world.JoinAsync("screen", "alice");
        await using var bob = await _world.JoinAsync("screen", "bob");

        await alice.EvaluateAsync("call.screenShare.enable()");
        await bot.SeesAsync("track_published", "alice", "TRACK_TYPE_SCREEN_SHARE");
        await bob.UntilAsync("call.state.participants.find((one) => one.userId === 'alice')?.screenShareStream");
        var seen = await bob.CaptureAsync(
            "call.state.participants.find((one) => one.userId === 'alice').screenShareStream", 3);
        Assert.True(seen is { Width: > 300, Pictures.Count: 3 });
        await bob.ScreenshotAsync("screen-share");

        await alice.EvaluateAsync("call.screenShare.disable()");
        await bot.SeesAsync("track_unpublished", "alice", "TRACK_TYPE_SCREEN_SHARE");
        await bob.UntilAsync("!call.state.hasOngoingScreenShare");
    }

    [Fact]
    public async Task Reactions_go_both_ways()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "react");
        await using var alice = await _world.JoinAsync("react", "alice");

        using var sent = await _world.Gateway.PostAsync(
            $"/v1/sessions/{bot.SessionId}/reactions", """{"type":"raised-hand","emoji_code":":raise-hand:"}""");
        Assert.True(sent.IsSuccessStatusCode);
        await alice.UntilAsync("call.state.participants.find((one) => one.userId === 'bot').reaction?.type === 'raised-hand'");
        await alice.ScreenshotAsync("reaction");

        await alice.EvaluateAsync("call.sendReaction({ type: 'like', emoji_code: ':like:', custom: { depth: 2 } })");
        await bot.SeesAsync("call.reaction_new", "alice", "like", "depth");
    }

    [Fact]
    public async Task Custom_events_go_both_ways()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "custom");
        await using var alice = await _world.JoinAsync("custom", "alice");

        using var sent = await _world.Gateway.PostAsync(
            $"/v1/sessions/{bot.SessionId}/custom_events", """{"custom":{"move":"e4"}}""");
        Assert.True(sent.IsSuccessStatusCode);
        await alice.UntilAsync("seen.find((one) => one.type === 'custom' && one.custom.move === 'e4')");

        await alice.EvaluateAsync("call.sendCustomEvent({ move: 'e5' })");
        await bot.SeesAsync("custom", "alice", "move", "e5");
    }
}
