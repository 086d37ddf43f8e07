using System.IO.Pipelines;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcMediaTests
{
    private static readonly RtcPublishOptions Speech = new() { Name = "speech", TrackType = TrackType.Audio, Format = "ogg" };

    [Fact]
    public async Task What_one_says_the_other_hears_packet_by_packet()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var bob = await world.JoinAsync("bob");
        var packets = OggOpus.Packets(100);

        var listening = bob.ListenAsync(new RtcListenOptions { Track = "alice:audio", Format = "ogg", Wait = TimeSpan.FromSeconds(20) });
        await using var publication = await alice.PublishAsync(Speech).Soon();
        await using var sink = await listening.Soon();
        await publication.WriteAsync(OggOpus.File(packets)).Soon();
        publication.Complete();
        var ended = await publication.Completion.Soon();
        await alice.LeaveAsync().Soon();
        var heard = OggOpus.ReadPackets(await ReadToEndAsync(sink));

        Assert.Equal(("alice", "opus"), (sink.UserId, sink.Codec));
        Assert.Equal(("completed", 100ul, null), (ended.Reason, ended.Packets, ended.Error));
        Assert.Equal(publication.Source, ended.SourceId);
        Assert.Equal(packets, heard.Where(packet => packet.Length > 3));
    }

    [Fact]
    public async Task Sink_copies_into_a_pipe_until_the_reader_is_done()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var bob = await world.JoinAsync("bob");
        await using var publication = await alice.PublishAsync(Speech with { Loop = true }).Soon();
        await publication.WriteAsync(OggOpus.File(OggOpus.Packets(50))).Soon();
        publication.Complete();
        await using var sink = await bob.ListenAsync(new RtcListenOptions { Track = "alice:audio", Format = "ogg", Wait = TimeSpan.FromSeconds(20) }).Soon();
        var pipe = new Pipe();
        var copying = sink.CopyToAsync(pipe.Writer);

        var read = await pipe.Reader.ReadAtLeastAsync(2000).Soon();
        pipe.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        await pipe.Reader.CompleteAsync();

        await copying.Soon();
    }

    [Fact]
    public async Task Publication_that_is_full_makes_its_writer_wait()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        var publication = await alice.PublishAsync(Speech).Soon();
        using var cancellation = new CancellationTokenSource();
        var file = OggOpus.File(OggOpus.Packets(50_000));

        var write = publication.WriteAsync(file, cancellation.Token).AsTask();
        var info = Assert.Single(await alice.GetPublicationsAsync().Soon());
        Assert.Equal(("speech", publication.Source, "audio"), (info.Name, info.Source, info.TrackType));
        Assert.False(write.IsCompleted);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Soon());
        await publication.CloseAsync().Soon();
        await publication.CloseAsync().Soon();
        Assert.Equal("closed", (await publication.Completion.Soon()).Reason);
        var exception = await Assert.ThrowsAsync<RtcException>(() => publication.WriteAsync(file).Soon());
        Assert.Equal(RtcError.SourceNotFound, exception.Kind);
    }

    [Fact]
    public async Task Publication_of_garbage_ends_and_its_writer_learns_why()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var publication = await alice.PublishAsync(Speech).Soon();
        var garbage = new byte[64 * 1024];
        new Random(1).NextBytes(garbage);

        var exception = await Assert.ThrowsAsync<RtcException>(async () =>
        {
            while (true)
            {
                await publication.WriteAsync(garbage).Soon();
            }
        });

        Assert.Equal((RtcError.MalformedMedia, "media"), (exception.Kind, exception.Stage));
        Assert.Equal("malformed_media", (await publication.Completion.Soon()).Error.Kind);
    }

    [Fact]
    public async Task Publication_that_stalls_says_so()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var publication = await alice.PublishAsync(Speech with { StallTimeout = TimeSpan.FromMilliseconds(200) }).Soon();

        Assert.Equal("media_stalled", (await publication.Completion.Soon()).Error.Kind);
    }

    [Fact]
    public async Task Second_publication_of_a_kind_is_refused()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var publication = await alice.PublishAsync(Speech).Soon();

        var exception = await Assert.ThrowsAsync<RtcException>(() => alice.PublishAsync(Speech).Soon());

        Assert.Equal(RtcError.PublicationExists, exception.Kind);
    }

    [Fact]
    public async Task Track_that_does_not_exist_is_not_found()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");

        var exception = await Assert.ThrowsAsync<RtcException>(
            () => alice.ListenAsync(new RtcListenOptions { Track = "nobody:audio", Format = "ogg" }).Soon());

        Assert.Equal(RtcError.TrackNotFound, exception.Kind);
    }

    [Fact]
    public async Task Waiting_for_a_track_can_be_cancelled()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        using var cancellation = new CancellationTokenSource();
        var listening = alice.ListenAsync(
            new RtcListenOptions { Track = "nobody:audio", Format = "ogg", Wait = TimeSpan.FromSeconds(30) }, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening.Soon());
    }

    [Fact]
    public async Task Sink_that_is_closed_ends_the_read_that_waits()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var bob = await world.JoinAsync("bob");
        await using var publication = await alice.PublishAsync(Speech with { StallTimeout = TimeSpan.FromSeconds(60) }).Soon();
        var sink = await bob.ListenAsync(new RtcListenOptions { Track = "alice:audio", Format = "ogg", Wait = TimeSpan.FromSeconds(20) }).Soon();
        using var cancellation = new CancellationTokenSource();
        var cancelled = ReadToEndAsync(sink, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());

        var reading = ReadToEndAsync(sink);
        await sink.DisposeAsync().Soon();
        await sink.DisposeAsync().Soon();

        Assert.Empty(OggOpus.ReadPackets(await reading.Soon()));
        await Assert.ThrowsAsync<ArgumentException>(async () => await sink.ReadAsync(Memory<byte>.Empty));
    }

    [Fact]
    public async Task Writing_to_a_source_with_room_allocates_nothing()
    {
        await using var world = await RtcWorld.StartAsync();
        await using var alice = await world.JoinAsync("alice");
        await using var publication = await alice.PublishAsync(Speech).Soon();
        var file = OggOpus.File(OggOpus.Packets(50));
        await publication.WriteAsync(file.AsMemory(0, 10));

        // With room every write completes at once, on this thread.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 10; i + 10 < file.Length; i += 10)
        {
            await publication.WriteAsync(file.AsMemory(i, 10));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static async Task<byte[]> ReadToEndAsync(RtcSink sink, CancellationToken cancellationToken = default)
    {
        var all = new MemoryStream();
        var buffer = new byte[4096];
        while (await sink.ReadAsync(buffer, cancellationToken).Soon() is var count and > 0)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }
}
