using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using GetStream.Json;

namespace GetStream.Models;

/// <summary>An event whose type this version does not know, kept whole: newer events and an application's own.</summary>
public sealed class UnknownEvent : StreamEvent, IStreamModel<UnknownEvent>
{
    /// <summary>Wraps the JSON of an event.</summary>
    /// <exception cref="ArgumentException">The JSON is not an object.</exception>
    [SetsRequiredMembers]
    public UnknownEvent(JsonElement json)
    {
        if (json.ValueKind is not JsonValueKind.Object)
        {
            throw new ArgumentException("An event is a JSON object.", nameof(json));
        }

        Json = json;
        Type = json.TryGetProperty("type"u8, out var type) && type.ValueKind is JsonValueKind.String
            ? type.GetString()!
            : "";
    }

    /// <summary>The event's type; empty where it came without one.</summary>
    public override string Type { get; set; }

    /// <summary>Everything that came, untouched.</summary>
    public JsonElement Json { get; }

    /// <inheritdoc/>
    public static UnknownEvent ReadFrom(ref Utf8JsonReader reader)
    {
        JsonIn.BeginObject(ref reader);
        return new UnknownEvent(JsonElement.ParseValue(ref reader));
    }

    /// <inheritdoc/>
    public override void WriteTo(Utf8JsonWriter writer, StreamTimeFormat times) => Json.WriteTo(writer);

    /// <summary>Looks ahead for the text of one property of the object that starts here.</summary>
    internal static string? PeekType(Utf8JsonReader reader, ReadOnlySpan<byte> property)
    {
        JsonIn.BeginObject(ref reader);
        while (JsonIn.Next(ref reader, out var name))
        {
            if (name.SequenceEqual(property))
            {
                return reader.TokenType is JsonTokenType.String ? reader.GetString() : null;
            }

            reader.Skip();
        }

        return null;
    }
}
