using System.Text.Json;
using System.Text.Json.Serialization;
using GetStream.Json;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Store;

/// <summary>How the state file spells the state.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    MaxDepth = 2 * Limits.MaxCustomDepth,
    Converters =
    [
        typeof(ModelConverter<CallSettingsResponse>),
        typeof(ModelConverter<NotificationSettingsResponse>),
        typeof(ModelConverter<PrivacySettingsResponse>),
        typeof(ModelConverter<PushPreferencesResponse>),
        typeof(ModelConverter<EventHook>),
    ])]
[JsonSerializable(typeof(StateSnapshot))]
internal sealed partial class StateJson : JsonSerializerContext;

/// <summary>Lets the API's models write and read themselves.</summary>
internal sealed class ModelConverter<T> : JsonConverter<T>
    where T : class, IStreamModel<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        T.ReadFrom(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        value.WriteTo(writer, StreamTimeFormat.Text);
}
