using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcSfuTests
{
    [Fact]
    public async Task Sfu_tells_who_comes_and_goes()
    {
        await using var world = await RtcWorld.StartAsync();
        var alice = await world.JoinAsync("alice");

        var joined = (await world.Sfu.Events.UntilAsync(message => message.SfuParticipantJoined is not null)).SfuParticipantJoined;
        await alice.LeaveAsync().Soon();
        var left = (await world.Sfu.Events.UntilAsync(message => message.SfuParticipantLeft is not null)).SfuParticipantLeft;

        Assert.Equal((world.Sfu.Handle, world.CallCid, "alice", alice.ParticipantSessionId), (joined.SfuId, joined.CallCid, joined.UserId, joined.ParticipantSessionId));
        Assert.Equal(joined.ParticipantSessionId, left.ParticipantSessionId);
    }

    [Fact]
    public async Task Sfu_counts_and_moderates()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var bob = await world.JoinAsync("bob");
        await using var publication = await alice.PublishAsync(
            new RtcPublishOptions { Name = "speech", TrackType = TrackType.Audio, Format = "ogg" }).Soon();

        var call = Assert.Single((await world.Sfu.GetStatsAsync().Soon()).Calls);
        Assert.Equal((world.CallCid, 2), (call.CallCid, call.Participants));
        await bob.Events.UntilAsync(message => message.TrackPublished is not null);
        Assert.Equal(1, await world.Sfu.MuteAsync(world.CallCid, ["alice"], [TrackType.Audio], "bob").Soon());
        await alice.Events.UntilAsync(message => message.MutedByModerator is { TrackTypes: [TrackType.Audio] });
        Assert.Equal(1, await world.Sfu.UpdateGrantsAsync(
            world.CallCid, "alice", new RtcGrants { CanPublishAudio = false, CanPublishVideo = false, CanScreenshare = false }).Soon());
        await alice.Events.UntilAsync(message => message.PermissionsUpdated is { CanPublishAudio: false });
        Assert.Equal(1, await world.Sfu.UpdateParticipantAsync(world.CallCid, "bob", "Robert", null, null).Soon());
        await alice.Events.UntilAsync(message => message.ParticipantUpdated?.Participant.Name == "Robert");
        await world.Sfu.SetPinsAsync(world.CallCid, [new RtcPin("bob", bob.ParticipantSessionId)]).Soon();
        Assert.Equal(1, await world.Sfu.KickAsync(world.CallCid, "bob").Soon());
        Assert.Equal("kicked", (await bob.Events.ToEndAsync())[^1].Left.Reason);
        Assert.Equal(1, await world.Sfu.EndCallAsync(world.CallCid, RtcCallEndReason.Ended).Soon());
        Assert.Equal("call_ended", (await alice.Events.ToEndAsync())[^1].Left.Reason);
    }

    [Fact]
    public async Task Sfu_that_stops_is_gone()
    {
        await using var world = await RtcWorld.StartAsync();

        await world.Sfu.StopAsync(drain: true).Soon();
        await world.Sfu.DisposeAsync().Soon();

        Assert.Empty(await world.Sfu.Events.ToEndAsync());
        Assert.Equal(0, world.Engine.ReadTables().Sfus);
        var exception = await Assert.ThrowsAsync<RtcException>(() => world.Sfu.GetStatsAsync().Soon());
        Assert.Equal(RtcError.SfuNotFound, exception.Kind);
    }

    [Fact]
    public async Task Address_that_is_taken_is_named()
    {
        await using var world = await RtcWorld.StartAsync();
        var taken = new Uri(world.Sfu.Url).Authority;

        var exception = await Assert.ThrowsAsync<RtcException>(() => world.Engine.StartSfuAsync(
            new RtcSfuOptions { Listen = taken, MediaListen = "127.0.0.1:0", TokenSecret = FakeCoordinator.SfuSecret }).Soon());

        Assert.Contains(taken, exception.Message, StringComparison.Ordinal);
    }
}
