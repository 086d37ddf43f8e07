using System.Collections;
using System.Reflection;

namespace StreamGateway.Settings;

/// <summary>Finds keys of a section that its options do not have.</summary>
internal static class SettingsKeys
{
    /// <summary>A sentence for each unknown key, which names it in full.</summary>
    public static IEnumerable<string> Unknown(IConfigurationSection section, Type options)
    {
        var properties = options.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        foreach (var given in section.GetChildren())
        {
            var property = properties.FirstOrDefault(known => known.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase));
            var inner = property is null
                ? [$"{given.Path} is not a setting; those of {section.Path} are {string.Join(", ", properties.Where(IsSetting).Select(known => known.Name))}."]
                : UnknownInside(given, property.PropertyType);
            foreach (var sentence in inner)
            {
                yield return sentence;
            }
        }
    }

    /// <summary>Lists of objects have keys of their own.</summary>
    private static IEnumerable<string> UnknownInside(IConfigurationSection list, Type type) =>
        type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) && type.GetGenericArguments()[0] is { IsClass: true } element
            && element != typeof(string)
            ? list.GetChildren().SelectMany(one => Unknown(one, element))
            : [];

    private static bool IsSetting(PropertyInfo property) =>
        property.CanWrite || (property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable)));
}
