using GetStream.Local.Sfu;
using GetStream.Local.Tests.Support;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Tests;

public sealed class SfuPoolTests
{
    private const string Cid = "default:demo";

    [Fact]
    public async Task A_call_moves_when_a_client_asks_to_be_sent_away_and_stays_there()
    {
        var (first, second) = (new FakeSfu("fake-1"), new FakeSfu("fake-2"));
        await using var pool = new SfuPool([first, second]);

        Assert.Same(first, pool.Pick(Cid, []));
        Assert.Same(first, pool.Pick(Cid, ["elsewhere"]));
        Assert.Same(second, pool.Pick(Cid, ["fake-1"]));
        Assert.Same(second, pool.Pick(Cid, []));
        Assert.Same(first, pool.Pick("default:other", []));
        Assert.Same(second, pool.Pick(Cid, ["fake-1", "fake-2"]));
    }

    [Fact]
    public async Task A_participant_that_moves_neither_joins_again_nor_leaves()
    {
        var (first, second) = (new FakeSfu("fake-1"), new FakeSfu("fake-2"));
        await using var pool = new SfuPool([first, second]);
        pool.Pick(Cid, ["fake-1"]);

        first.Join(Cid, "alice", "a1");
        Assert.Equal("a1", (await NextAsync(pool)).SfuParticipantJoined.ParticipantSessionId);
        second.Join(Cid, "alice", "a1");
        second.Join(Cid, "bob", "b1");
        Assert.Equal("b1", (await NextAsync(pool)).SfuParticipantJoined.ParticipantSessionId);
        first.Leave(Cid, "alice", "a1");
        second.Leave(Cid, "bob", "b1");
        Assert.Equal("b1", (await NextAsync(pool)).SfuParticipantLeft.ParticipantSessionId);
        Assert.Same(second, pool.Pick(Cid, []));
        second.Leave(Cid, "alice", "a1");
        Assert.Equal("a1", (await NextAsync(pool)).SfuParticipantLeft.ParticipantSessionId);
        Assert.Same(first, pool.Pick(Cid, []));
    }

    [Fact]
    public async Task Commands_reach_every_SFU_and_events_end_with_the_last()
    {
        var (first, second) = (new FakeSfu("fake-1"), new FakeSfu("fake-2"));
        var pool = new SfuPool([first, second]);
        await pool.KickAsync(Cid, "alice", CancellationToken.None);
        Assert.Equal(["kick default:demo alice"], first.Commands);
        Assert.Equal(["kick default:demo alice"], second.Commands);

        await pool.DisposeAsync();
        await pool.Events.Completion.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }

    private static async Task<Event> NextAsync(SfuPool pool) =>
        await pool.Events.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
}
