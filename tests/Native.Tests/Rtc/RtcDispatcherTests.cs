using System.Text;
using Google.Protobuf;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcDispatcherTests
{
    private const ulong Session = 17;
    private const ulong Source = 5;

    private readonly RtcDispatcher _dispatcher = new(new PendingCommands(), eventCapacity: 4);

    [Fact]
    public void Events_BeforeTheJoinIsAnswered_AreKeptInOrder()
    {
        Dispatch(new Event { Joined = new Joined(), Seq = 1 });
        Dispatch(new Event { AudioLevels = new AudioLevels(), Seq = 2 });

        var events = _dispatcher.OpenSession(Session);
        Dispatch(new Event { Left = new Left(), Seq = 3 });

        Assert.Equal([1ul, 2, 3], Read(events).Select(message => message.Seq));
        Assert.True(events.Reader.Completion.IsCompletedSuccessfully);
        Assert.Equal(0, _dispatcher.OpenCount);
    }

    [Fact]
    public void Session_ThatEndedBeforeItsJoinIsAnswered_IsReadToItsEnd()
    {
        Dispatch(new Event { Joined = new Joined(), Seq = 1 });
        Dispatch(new Event { Left = new Left(), Seq = 2 });

        var events = _dispatcher.OpenSession(Session);

        Assert.Equal([1ul, 2], Read(events).Select(message => message.Seq));
        Assert.Equal(0, _dispatcher.OpenCount);
    }

    [Fact]
    public void Events_BeyondTheCapacity_DropTheOldestAndCount()
    {
        var events = _dispatcher.OpenSession(Session);

        for (var seq = 1ul; seq <= 10; seq++)
        {
            Dispatch(new Event { AudioLevels = new AudioLevels(), Seq = seq });
        }

        Dispatch(new Event { Left = new Left(), Seq = 11 });

        Assert.Equal(7, events.Dropped);
        Assert.Equal([8ul, 9, 10, 11], Read(events).Select(message => message.Seq));
    }

    [Fact]
    public async Task Publication_EndsWithItsEvent()
    {
        _dispatcher.OpenSession(Session);
        var publication = _dispatcher.OpenPublication(Session, Source, "speech");

        Dispatch(new Event { PublicationEnded = new PublicationEnded { SourceId = Source, Reason = "completed" } });

        Assert.Equal("completed", (await publication.Ended.Soon()).Reason);
        await publication.Room.WaitAsync(default).Soon();
    }

    [Fact]
    public async Task Publication_ThatEndedBeforeItsAnswer_EndsTheSameWay()
    {
        _dispatcher.OpenSession(Session);
        Dispatch(new Event { PublicationEnded = new PublicationEnded { SourceId = Source, Reason = "failed" } });

        var publication = _dispatcher.OpenPublication(Session, Source, "speech");

        Assert.Equal("failed", (await publication.Ended.Soon()).Reason);
    }

    [Fact]
    public async Task Publication_WhoseSessionLeft_EndsWithIt()
    {
        _dispatcher.OpenSession(Session);
        var before = _dispatcher.OpenPublication(Session, Source, "speech");
        Dispatch(new Event { Left = new Left() });
        var after = _dispatcher.OpenPublication(Session, Source + 1, "music");

        Assert.Equal("session_ended", (await before.Ended.Soon()).Reason);
        Assert.Equal("session_ended", (await after.Ended.Soon()).Reason);
    }

    [Fact]
    public async Task Sink_IsWokenByDataAndByItsEnd()
    {
        _dispatcher.OpenSession(Session);
        var first = _dispatcher.OpenSink(Session, 9);
        var second = _dispatcher.OpenSink(Session, 10);

        _dispatcher.Dispatch(RtcRecordKind.SinkReady, 9, default);
        await first.Ready.WaitAsync(default).Soon();
        Dispatch(new Event { SinkEnded = new SinkEnded { SinkId = 9 } });
        await first.Ready.WaitAsync(default).Soon();
        Dispatch(new Event { Left = new Left() });
        await second.Ready.WaitAsync(default).Soon();

        Assert.Equal(0, _dispatcher.OpenCount);
    }

    [Fact]
    public void SfuEvents_GoToTheirSfu_UntilItIsClosed()
    {
        DispatchSfu(new Event { SfuParticipantJoined = new SfuParticipantJoined { SfuId = 3, UserId = "a" } });
        var events = _dispatcher.OpenSfu(3);
        DispatchSfu(new Event { SfuParticipantLeft = new SfuParticipantLeft { SfuId = 3, UserId = "a" } });
        DispatchSfu(new Event { SfuParticipantJoined = new SfuParticipantJoined { SfuId = 4, UserId = "b" } });

        _dispatcher.CloseSfu(3);

        Assert.Equal(2, Read(events).Count);
        Assert.True(events.Reader.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Finish_EndsEverythingThatIsOpen()
    {
        var events = _dispatcher.OpenSession(Session);
        var publication = _dispatcher.OpenPublication(Session, Source, "speech");
        var sink = _dispatcher.OpenSink(Session, 9);
        var sfu = _dispatcher.OpenSfu(3);

        _dispatcher.Finish();

        Assert.True(events.Reader.Completion.IsCompletedSuccessfully);
        Assert.True(sfu.Reader.Completion.IsCompletedSuccessfully);
        Assert.Equal("session_ended", (await publication.Ended.Soon()).Reason);
        await sink.Ready.WaitAsync(default).Soon();
        Assert.Equal(0, _dispatcher.OpenCount);
    }

    [Fact]
    public void Records_OfUnknownKindOrForUnknownIds_AreIgnored()
    {
        _dispatcher.Dispatch((RtcRecordKind)200, 1, "anything"u8);
        _dispatcher.Dispatch(RtcRecordKind.SinkReady, 1, default);
        _dispatcher.Dispatch(RtcRecordKind.SourceWritable, 1, default);
        _dispatcher.Dispatch(RtcRecordKind.SourceEnded, 1, default);
        _dispatcher.Dispatch(RtcRecordKind.Completion, 1, Encoding.UTF8.GetBytes("\0\0\0\0{}"));

        Assert.Equal(0, _dispatcher.OpenCount);
    }

    private void Dispatch(Event message) => _dispatcher.Dispatch(RtcRecordKind.Event, Session, message.ToByteArray());

    private void DispatchSfu(Event message) => _dispatcher.Dispatch(RtcRecordKind.Event, 0, message.ToByteArray());

    private static List<Event> Read(EventQueue events)
    {
        var read = new List<Event>();
        while (events.Reader.TryRead(out var message))
        {
            read.Add(message);
        }

        return read;
    }
}
