using System.Text.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Json;

/// <summary>Says in words what JSON a type is read from.</summary>
internal static class JsonKinds
{
    public static string Describe(Type type)
    {
        var inner = Nullable.GetUnderlyingType(type) ?? type;
        return inner switch
        {
            _ when inner == typeof(string) => "a string",
            _ when inner == typeof(bool) => "true or false",
            _ when inner == typeof(int) || inner == typeof(long) => "a whole number",
            _ when inner == typeof(RtcSelection) => "\"all\", \"none\" or an array of user ids",
            _ when typeof(IReadOnlyList<object>).IsAssignableFrom(inner) && inner != typeof(string[]) => "an array of objects",
            _ when inner == typeof(string[]) => "an array of strings",
            _ when inner == typeof(Dictionary<string, string>) => "an object with strings as values",
            _ when inner.IsEnum => $"one of {string.Join(", ", Enum.GetNames(inner).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))}",
            _ => "an object",
        };
    }
}
