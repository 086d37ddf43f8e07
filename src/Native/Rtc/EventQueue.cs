using System.Threading.Channels;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>Events of one session or SFU on their way from the poll thread to their reader.</summary>
/// <remarks>Adding never waits: when the reader lags, the oldest event is dropped and counted.</remarks>
internal sealed class EventQueue
{
    private readonly Channel<Event> _channel;
    private long _dropped;

    internal EventQueue(int capacity)
    {
        var options = new BoundedChannelOptions(capacity)
        {
            FullMode = BoundedChannelFullMode.DropOldest,
            SingleReader = true,
            SingleWriter = true,
        };
        _channel = Channel.CreateBounded<Event>(options, _ => Interlocked.Increment(ref _dropped));
    }

    internal ChannelReader<Event> Reader => _channel.Reader;

    internal long Dropped => Interlocked.Read(ref _dropped);

    internal void Add(Event message) => _channel.Writer.TryWrite(message);

    /// <summary>No more come; those queued are still read.</summary>
    internal void Complete() => _channel.Writer.TryComplete();
}
