using GetStream.Json;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Realtime;

/// <summary>An event on its way to WebSockets and webhooks: written at most once for each spelling of times.</summary>
internal abstract class OutgoingEvent
{
    private readonly Lazy<ReadOnlyMemory<byte>> _nanoseconds;
    private readonly Lazy<ReadOnlyMemory<byte>> _text;

    private protected OutgoingEvent(string type)
    {
        Type = type;
        _nanoseconds = new(() => Write(StreamTimeFormat.Nanoseconds));
        _text = new(() => Write(StreamTimeFormat.Text));
    }

    /// <summary>Such as <c>call.created</c>.</summary>
    public string Type { get; }

    public static OutgoingEvent From<TEvent>(TEvent value)
        where TEvent : StreamEvent, IStreamModel<TEvent> => new Of<TEvent>(value);

    public ReadOnlyMemory<byte> Json(StreamTimeFormat times) =>
        times == StreamTimeFormat.Nanoseconds ? _nanoseconds.Value : _text.Value;

    private protected abstract ReadOnlyMemory<byte> Write(StreamTimeFormat times);

    private sealed class Of<TEvent>(TEvent value) : OutgoingEvent(value.Type)
        where TEvent : StreamEvent, IStreamModel<TEvent>
    {
        private protected override ReadOnlyMemory<byte> Write(StreamTimeFormat times) => ModelJson.Write(value, times);
    }
}
