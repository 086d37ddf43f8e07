using System.Threading.Channels;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>What the dispatcher and an <see cref="RtcSink"/> share.</summary>
internal sealed class SinkState
{
    private const int KeptSpeakers = 256;

    private readonly Channel<SpeakerChanged> _speakers = Channel.CreateBounded<SpeakerChanged>(
        new BoundedChannelOptions(KeptSpeakers) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Wakes the reader: there are bytes, or the sink has ended.</summary>
    internal AsyncSignal Ready { get; } = new();

    internal ChannelReader<SpeakerChanged> Speakers => _speakers.Reader;

    internal void Add(SpeakerChanged change) => _speakers.Writer.TryWrite(change);

    internal void End()
    {
        _speakers.Writer.TryComplete();
        Ready.Wake();
    }
}
