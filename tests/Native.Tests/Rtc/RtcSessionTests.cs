using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcSessionTests
{
    [Fact]
    public async Task Two_participants_see_each_other_come_and_go()
    {
        await using var world = await RtcWorld.StartAsync();
        var alice = await world.JoinAsync("alice");
        var bob = await world.JoinAsync("bob");

        Assert.Equal((world.CallCid, "alice", "local-1"), (alice.CallCid, alice.UserId, alice.Sfu));
        Assert.Contains("send-audio", alice.OwnCapabilities);
        Assert.NotEqual(alice.Handle, bob.Handle);
        Assert.Contains(bob.Participants, participant => participant.UserId == "alice");
        Assert.True(bob.Timing.TotalMs > 0);

        await bob.LeaveAsync("done").Soon();
        await bob.LeaveAsync().Soon();
        await alice.LeaveAsync().Soon();

        var seen = await alice.Events.ToEndAsync();
        Assert.Equal(Event.PayloadOneofCase.Joined, seen[0].PayloadCase);
        Assert.Equal(Event.PayloadOneofCase.Left, seen[^1].PayloadCase);
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(seq => (ulong)seq), seen.Select(message => message.Seq));
        Assert.All(seen, message => Assert.Equal(alice.Handle, message.SessionId));
        Assert.Contains(seen, message => message.ParticipantJoined?.UserId == "bob");
        Assert.Contains(seen, message => message.ParticipantLeft?.UserId == "bob");
        await world.UntilEmptyAsync();
    }

    [Fact]
    public async Task Session_answers_questions_about_itself()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");

        var info = await alice.GetInfoAsync().Soon();
        Assert.Equal(("joined", alice.ParticipantSessionId, 0), (info.State, info.ParticipantSessionId, info.Reconnects));
        Assert.Contains(info.Participants, participant => participant.IsLocal);
        Assert.Equal(RtcSelection.All, info.Subscribe.Audio);
        Assert.Equal(new RtcMuted(true, false), await alice.MuteAsync(audio: true, video: null).Soon());
        var subscribed = await alice.SubscribeAsync(new RtcSubscriptions { Audio = RtcSelection.Users(["bob"]) }).Soon();
        Assert.Equal(RtcSelection.Users(["bob"]), subscribed.Audio);
        Assert.Empty(await alice.GetPublicationsAsync().Soon());
        Assert.True((await alice.GetStatsAsync().Soon()).Timing.TotalMs > 0);
    }

    [Fact]
    public async Task Custom_events_and_reactions_go_through_the_coordinator()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");

        await alice.SendCustomEventAsync(JsonSerializer.Deserialize<JsonElement>("""{"wave":true}""")).Soon();
        await alice.SendReactionAsync("like", ":+1:").Soon();

        Assert.Equal(["event {\"custom\":{\"wave\":true}}", "reaction {\"type\":\"like\",\"emoji_code\":\":+1:\"}"], world.Coordinator.Posts);
    }

    [Fact]
    public async Task What_the_coordinator_tells_arrives_and_new_tokens_are_taken()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");

        await alice.Events.UntilAsync(message => message.CoordinatorConnectionChanged?.Connected == true);
        await world.Coordinator.TellAsync("""{ "type": "custom", "custom": { "text": "grüße" } }""");
        var told = await alice.Events.UntilAsync(message => message.CoordinatorEvent is not null);
        Assert.Equal(("custom", """{"type":"custom","custom":{"text":"grüße"}}"""), (told.CoordinatorEvent.Type, told.CoordinatorEvent.PayloadJson));

        await alice.SetTokenAsync("another").Soon();
        var ofBob = $"{Base64Url.EncodeToString("{}"u8)}.{Base64Url.EncodeToString("""{"user_id":"bob"}"""u8)}.c2ln";
        var refused = await Assert.ThrowsAsync<RtcException>(() => alice.SetTokenAsync(ofBob).Soon());
        Assert.Equal(RtcError.InvalidArgument, refused.Kind);
    }

    [Fact]
    public async Task Call_that_the_coordinator_does_not_know_is_call_not_found()
    {
        await using var world = await RtcWorld.StartAsync();
        world.Coordinator.OnJoin = context => FakeCoordinator.Refuse(context, 404, 16, "no such call");

        var exception = await Assert.ThrowsAsync<RtcException>(() => world.JoinAsync("alice"));

        Assert.True(exception.Kind == RtcError.CallNotFound, $"{exception}");
        Assert.Equal(("coordinator", "rtc.join"), (exception.Stage, exception.Command));
        Assert.Equal((404, 16), (exception.Stream!.Status, exception.Stream.Code));
        await world.UntilEmptyAsync();
    }

    [Fact]
    public async Task Coordinator_that_is_down_is_unreachable()
    {
        await using var world = await RtcWorld.StartAsync();
        var options = world.OptionsFor("alice") with { CoordinatorUrl = "http://127.0.0.1:1" };

        var exception = await Assert.ThrowsAsync<RtcException>(() => world.Engine.JoinAsync(options).Soon());

        Assert.Equal(RtcError.CoordinatorUnreachable, exception.Kind);
        await world.UntilEmptyAsync();
    }

    [Theory]
    [InlineData("", "call_id")]
    [InlineData(null, "call_id")]
    public async Task Join_without_a_call_id_names_the_argument(string? callId, string argument)
    {
        await using var world = await RtcWorld.StartAsync();
        var options = world.OptionsFor("alice") with { CallId = callId ?? new string('x', 10_001) };

        var exception = await Assert.ThrowsAsync<RtcException>(() => world.Engine.JoinAsync(options).Soon());

        Assert.Equal(RtcError.InvalidArgument, exception.Kind);
        Assert.Contains(argument, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Join_that_is_cancelled_leaves_nothing()
    {
        await using var world = await RtcWorld.StartAsync();
        using var cancellation = new CancellationTokenSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Coordinator.OnJoin = async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        var join = world.Engine.JoinAsync(world.OptionsFor("alice"), cancellation.Token);
        await asked.Task.Soon();

        await cancellation.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join.Soon());
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        await world.UntilEmptyAsync();
        Assert.Equal(1, world.Engine.Dispatcher.OpenCount);
    }

    [Fact]
    public async Task Join_that_takes_too_long_is_deadline_exceeded()
    {
        await using var world = await RtcWorld.StartAsync();
        world.Coordinator.OnJoin = async context =>
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var exception = await Assert.ThrowsAsync<RtcException>(
            () => world.Engine.JoinAsync(world.OptionsFor("alice") with { Timeout = TimeSpan.FromMilliseconds(200) }).Soon());

        Assert.Equal((RtcError.DeadlineExceeded, "coordinator"), (exception.Kind, exception.Stage));
    }

    [Fact]
    public async Task Session_that_is_over_is_not_found()
    {
        await using var world = await RtcWorld.StartAsync();
        var alice = await world.JoinAsync("alice");
        await alice.DisposeAsync().Soon();
        await alice.DisposeAsync().Soon();

        var exception = await Assert.ThrowsAsync<RtcException>(() => alice.GetInfoAsync().Soon());

        Assert.Equal(RtcError.SessionNotFound, exception.Kind);
    }

    [Fact]
    public async Task Session_that_nobody_holds_leaves_by_itself()
    {
        await using var world = await RtcWorld.StartAsync();
        await JoinAndForget(world);

        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        while (world.Engine.ReadTables().Sessions != 0)
        {
            Assert.False(deadline.IsCancellationRequested, "the session stayed");
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Engine_that_stops_ends_everything_it_had()
    {
        await using var world = await RtcWorld.StartAsync();
        var alice = await world.JoinAsync("alice");
        var publication = await alice.PublishAsync(new RtcPublishOptions { Name = "speech", TrackType = TrackType.Audio, Format = "ogg" }).Soon();
        world.Coordinator.OnJoin = async context =>
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var joining = world.Engine.JoinAsync(world.OptionsFor("bob"));

        await world.Engine.DisposeAsync().Soon();
        await world.Engine.DisposeAsync().Soon();

        Assert.Equal("shutdown", (await alice.Events.ToEndAsync())[^1].Left.Reason);
        Assert.Equal("session_ended", (await publication.Completion.Soon()).Reason);
        Assert.Equal(RtcError.Cancelled, (await Assert.ThrowsAsync<RtcException>(() => joining.Soon())).Kind);
        await world.Sfu.Events.ToEndAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => alice.GetInfoAsync().Soon());
        await alice.LeaveAsync().Soon();
        await publication.DisposeAsync().Soon();
        await world.Sfu.StopAsync(drain: true).Soon();
    }

    [Fact]
    public async Task Reader_that_lags_loses_the_oldest_events_and_knows_it()
    {
        await using var world = await RtcWorld.StartAsync(new RtcEngineOptions { EventCapacity = 2 });
        var alice = await world.JoinAsync("alice");
        for (var i = 0; i < 3; i++)
        {
            await (await world.JoinAsync($"guest-{i}")).LeaveAsync().Soon();
        }

        await alice.LeaveAsync().Soon();

        var seen = await alice.Events.ToEndAsync();
        Assert.Equal(2, seen.Count);
        Assert.Equal(Event.PayloadOneofCase.Left, seen[^1].PayloadCase);
        Assert.Equal((long)seen[^1].Seq - 2, alice.EventsDropped);
    }

    // A frame of its own, so that no local of the test keeps the session.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task JoinAndForget(RtcWorld world) => world.JoinAsync("alice").ContinueWith(
        join => Assert.NotEqual(0ul, join.Result.Handle), TaskScheduler.Default);
}
