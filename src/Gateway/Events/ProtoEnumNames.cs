using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using Google.Protobuf.Reflection;

namespace StreamGateway.Events;

/// <summary>The names a protobuf enum has in its .proto file, ready to be written.</summary>
internal static class ProtoEnumNames<TEnum>
    where TEnum : struct, Enum
{
    private static readonly FrozenDictionary<TEnum, JsonEncodedText> Names = typeof(TEnum)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToFrozenDictionary(
            field => (TEnum)field.GetValue(null)!,
            field => JsonEncodedText.Encode(field.GetCustomAttribute<OriginalNameAttribute>()!.Name));

    /// <summary>Writes the name; a value newer than this program as its number, as protobuf's own JSON does.</summary>
    public static void Write(Utf8JsonWriter json, TEnum value)
    {
        if (Names.TryGetValue(value, out var name))
        {
            json.WriteStringValue(name);
        }
        else
        {
            json.WriteNumberValue(Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
