using System.Threading.Channels;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>What the dispatcher and a <see cref="RtcPublication"/> share.</summary>
internal sealed class PublicationState(ulong source, string name)
{
    private const int KeptMarks = 1024; // more than the library lets wait

    private readonly Channel<MarkReached> _marks = Channel.CreateBounded<MarkReached>(
        new BoundedChannelOptions(KeptMarks) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly TaskCompletionSource<PublicationEnded> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the writer: the source has room again, or has ended.</summary>
    internal AsyncSignal Room { get; } = new();

    internal Task<PublicationEnded> Ended => _ended.Task;

    internal ChannelReader<MarkReached> Marks => _marks.Reader;

    internal void Add(MarkReached mark) => _marks.Writer.TryWrite(mark);

    internal void End(PublicationEnded ended)
    {
        _marks.Writer.TryComplete();
        _ended.TrySetResult(ended);
        Room.Wake();
    }

    internal void EndWithSession() =>
        End(new PublicationEnded { Name = name, SourceId = source, Reason = "session_ended" });
}
