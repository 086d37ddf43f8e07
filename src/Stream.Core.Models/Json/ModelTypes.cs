using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace GetStream.Json;

/// <summary>Makes the metadata that System.Text.Json asks for, for one model type.</summary>
internal interface IModelType
{
    JsonTypeInfo CreateInfo(JsonSerializerOptions options, StreamTimeFormat times);
}

/// <summary>Every model type by its .NET type; filled on first use, since only JsonSerializer needs it.</summary>
internal static partial class ModelTypes
{
    private static readonly Lazy<Dictionary<Type, IModelType>> s_types = new(() =>
    {
        var types = new Dictionary<Type, IModelType>(2048);
        AddAll(types);
        types.Add(typeof(Models.UnknownEvent), ModelType<Models.UnknownEvent>.Instance);
        return types;
    });

    public static IReadOnlyCollection<Type> All => s_types.Value.Keys;

    public static IModelType? Find(Type type) => s_types.Value.GetValueOrDefault(type);
}

internal sealed class ModelType<T> : IModelType
    where T : class, IStreamModel<T>
{
    public static readonly ModelType<T> Instance = new();

    public JsonTypeInfo CreateInfo(JsonSerializerOptions options, StreamTimeFormat times) =>
        JsonMetadataServices.CreateValueInfo<T>(options, new Converter(times));

    private sealed class Converter(StreamTimeFormat times) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            T.ReadFrom(ref reader);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            value.WriteTo(writer, times);
    }
}
