using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace GetStream.Json;

/// <summary>The JSON of the models: directly, or as metadata for <see cref="JsonSerializer"/>.</summary>
public static class StreamJson
{
    /// <summary>Escapes only what JSON itself demands, as the API does.</summary>
    internal static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private static readonly JsonReaderOptions s_readerOptions = new() { MaxDepth = 128 };

    /// <summary>Metadata of every model, with times written as nanoseconds.</summary>
    public static IJsonTypeInfoResolver Resolver { get; } = new ModelResolver(StreamTimeFormat.Nanoseconds);

    /// <summary>Metadata of every model, with times written as RFC 3339 text.</summary>
    public static IJsonTypeInfoResolver TextTimeResolver { get; } = new ModelResolver(StreamTimeFormat.Text);

    /// <summary>Serializer options for the models, with times written as nanoseconds.</summary>
    public static JsonSerializerOptions Options { get; } = CreateOptions(Resolver);

    /// <summary>Serializer options for the models, with times written as RFC 3339 text.</summary>
    public static JsonSerializerOptions TextTimeOptions { get; } = CreateOptions(TextTimeResolver);

    /// <summary>Every type that has metadata here.</summary>
    public static IReadOnlyCollection<Type> ModelTypes => Json.ModelTypes.All;

    /// <summary>Reads one model from UTF-8 JSON; nothing but white space may follow it.</summary>
    /// <exception cref="JsonException">The text is not JSON, or not of the type's shape.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> utf8Json)
        where T : class, IStreamModel<T>
    {
        var reader = new Utf8JsonReader(utf8Json, s_readerOptions);
        if (!reader.Read())
        {
            throw new JsonException("The JSON text is empty.");
        }

        var value = T.ReadFrom(ref reader);
        return reader.Read() ? throw new JsonException("More JSON follows the value.") : value;
    }

    /// <inheritdoc cref="Deserialize{T}(ReadOnlySpan{byte})"/>
    public static T Deserialize<T>(string json)
        where T : class, IStreamModel<T> =>
        Deserialize<T>(Encoding.UTF8.GetBytes(json));

    /// <summary>Appends one model as UTF-8 JSON.</summary>
    public static void Serialize<T>(
        IBufferWriter<byte> output, T value, StreamTimeFormat times = StreamTimeFormat.Nanoseconds)
        where T : class, IStreamModel<T>
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        value.WriteTo(writer, times);
    }

    /// <summary>One model as JSON text.</summary>
    public static string Serialize<T>(T value, StreamTimeFormat times = StreamTimeFormat.Nanoseconds)
        where T : class, IStreamModel<T>
    {
        var buffer = new ArrayBufferWriter<byte>();
        Serialize(buffer, value, times);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static JsonSerializerOptions CreateOptions(IJsonTypeInfoResolver resolver)
    {
        var options = new JsonSerializerOptions
        {
            TypeInfoResolver = resolver,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = s_readerOptions.MaxDepth,
        };
        options.MakeReadOnly();
        return options;
    }

    private sealed class ModelResolver(StreamTimeFormat times) : IJsonTypeInfoResolver
    {
        public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) =>
            Json.ModelTypes.Find(type)?.CreateInfo(options, times);
    }
}
