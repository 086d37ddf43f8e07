using System.Text.Json;
using GetStream.Json;

namespace GetStream.Models;

/// <summary>Something that happened, as webhooks and the coordinator's WebSocket tell it.</summary>
public abstract class StreamEvent
{
    /// <summary>What happened, for instance <c>call.created</c>.</summary>
    public abstract string Type { get; set; }

    /// <summary>Writes the event as a JSON object. Properties that are null are left out.</summary>
    public abstract void WriteTo(Utf8JsonWriter writer, StreamTimeFormat times);
}
