using System.Text.Json;

namespace GetStream.Json;

/// <summary>A type of the API that reads and writes its own JSON, without reflection.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface IStreamModel<TSelf>
    where TSelf : IStreamModel<TSelf>
{
    /// <summary>Reads one value; the reader stands on the value's first token and is left on its last.</summary>
    /// <exception cref="JsonException">The JSON does not have the shape of the type.</exception>
    static abstract TSelf ReadFrom(ref Utf8JsonReader reader);

    /// <summary>Writes this value. Properties that are null are left out.</summary>
    void WriteTo(Utf8JsonWriter writer, StreamTimeFormat times);
}
