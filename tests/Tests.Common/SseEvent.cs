using System.Text.Json;

namespace StreamGateway.Tests;

/// <summary>One event of a server-sent event stream, as a browser would dispatch it.</summary>
/// <param name="Id">The last event id in force.</param>
/// <param name="Type">Name of the event; <c>message</c> when it had none.</param>
/// <param name="Data">All its data lines.</param>
public sealed record SseEvent(string Id, string Type, string Data)
{
    private JsonDocument? _document;

    public JsonElement Json => (_document ??= JsonDocument.Parse(Data)).RootElement;
}
