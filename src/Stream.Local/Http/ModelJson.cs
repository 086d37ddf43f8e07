using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Json;
using StreamGateway.Json;

namespace GetStream.Local.Http;

/// <summary>Models to and from bytes and trees.</summary>
internal static class ModelJson
{
    // These bytes are never part of a page: quotes and umlauts may stand as they are.
    private static readonly JsonWriterOptions s_writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <exception cref="JsonException">Not one JSON value of the model's shape.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json)
        where T : class, IStreamModel<T>
    {
        JsonText.Check(json);
        var reader = new Utf8JsonReader(json);
        if (!reader.Read())
            throw new JsonException("There is no JSON value.");
        var model = T.ReadFrom(ref reader);
        // Anything but white space after the value makes the reader throw.
        while (reader.Read())
        {
        }

        return model;
    }

    public static ReadOnlyMemory<byte> Write<T>(T model, StreamTimeFormat times)
        where T : class, IStreamModel<T>
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, s_writing))
            model.WriteTo(writer, times);
        return buffer.WrittenMemory;
    }

    public static JsonObject ToTree<T>(T model)
        where T : class, IStreamModel<T> =>
        (JsonObject)JsonNode.Parse(Write(model, StreamTimeFormat.Text).Span)!;

    public static T FromTree<T>(JsonObject tree)
        where T : class, IStreamModel<T> =>
        Read<T>(JsonSerializer.SerializeToUtf8Bytes(tree, TreeJson.Default.JsonObject));

    /// <summary>Puts the properties of one tree over another's, descending into objects that both have.</summary>
    public static void Overlay(JsonObject under, JsonObject over)
    {
        foreach (var (name, value) in over)
        {
            if (value is JsonObject overChild && under[name] is JsonObject underChild)
                Overlay(underChild, overChild);
            else
                under[name] = value?.DeepClone();
        }
    }
}
