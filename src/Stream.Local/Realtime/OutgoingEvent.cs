using GetStream.Json;
using GetStream.Local.Http;

namespace GetStream.Local.Realtime;

/// <summary>An event on its way to WebSockets: written at most once for each spelling of times.</summary>
internal abstract class OutgoingEvent
{
    private readonly Lazy<ReadOnlyMemory<byte>> _nanoseconds;
    private readonly Lazy<ReadOnlyMemory<byte>> _text;

    private protected OutgoingEvent()
    {
        _nanoseconds = new(() => Write(StreamTimeFormat.Nanoseconds));
        _text = new(() => Write(StreamTimeFormat.Text));
    }

    public static OutgoingEvent From<TEvent>(TEvent value)
        where TEvent : class, IStreamModel<TEvent> => new Of<TEvent>(value);

    public ReadOnlyMemory<byte> Json(StreamTimeFormat times) =>
        times == StreamTimeFormat.Nanoseconds ? _nanoseconds.Value : _text.Value;

    private protected abstract ReadOnlyMemory<byte> Write(StreamTimeFormat times);

    private sealed class Of<TEvent>(TEvent value) : OutgoingEvent
        where TEvent : class, IStreamModel<TEvent>
    {
        private protected override ReadOnlyMemory<byte> Write(StreamTimeFormat times) => ModelJson.Write(value, times);
    }
}
