using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamGateway.Errors;

namespace StreamGateway.Json;

/// <summary>
/// Compares JSON with the type it is meant for, field by field, and reports everything that is wrong: fields the type does
/// not have, values of the wrong kind, and values that break the type's validation attributes.
/// </summary>
internal static class JsonShape
{
    private const int LongestShownName = 60;

    public static void Check(JsonElement element, Type type, RequestErrors errors)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new ProblemException(ProblemTypes.MalformedJson, "The body must be one JSON object.");
        }

        CheckObject(element, JsonDefaults.Options.GetTypeInfo(type), "", errors);
    }

    private static void CheckObject(JsonElement element, JsonTypeInfo type, string prefix, RequestErrors errors)
    {
        foreach (var given in element.EnumerateObject())
        {
            if (type.Properties.All(property => property.Name != given.Name))
            {
                errors.Add(prefix + Shorten(given.Name), "is not a known field");
            }
        }

        var isSound = true;
        foreach (var property in type.Properties)
        {
            var isGiven = element.TryGetProperty(property.Name, out var value) && value.ValueKind != JsonValueKind.Null;
            isSound &= CheckProperty(isGiven ? value : null, property, prefix + property.Name, errors);
        }

        if (isSound && typeof(IValidatableObject).IsAssignableFrom(type.Type))
        {
            CheckTogether(element, type, prefix, errors);
        }
    }

    private static bool CheckProperty(JsonElement? value, JsonPropertyInfo property, string path, RequestErrors errors)
    {
        var rules = property.AttributeProvider?.GetCustomAttributes(typeof(ValidationAttribute), inherit: true) ?? [];
        if (value is not { } given)
        {
            var missing = rules.OfType<RequiredAttribute>().FirstOrDefault();
            if (missing is not null)
            {
                errors.Add(path, missing.FormatErrorMessage(path));
            }

            return missing is null;
        }

        var type = JsonDefaults.Options.GetTypeInfo(property.PropertyType);
        if (type.Kind == JsonTypeInfoKind.Object && given.ValueKind == JsonValueKind.Object)
        {
            CheckObject(given, type, path + ".", errors);
            return true;
        }

        if (type.Kind == JsonTypeInfoKind.Enumerable && given.ValueKind == JsonValueKind.Array && ElementsOf(type) is { } elements)
        {
            CheckElements(given, elements, path, errors);
        }

        if (!TryRead(given, type, out var read))
        {
            errors.Add(path, $"must be {JsonKinds.Describe(property.PropertyType)}");
            return false;
        }

        var broken = rules.Cast<ValidationAttribute>().Where(rule => !rule.IsValid(read)).ToList();
        broken.ForEach(rule => errors.Add(path, rule.FormatErrorMessage(path)));
        return broken.Count == 0;
    }

    /// <summary>The type of a list's elements, when these are objects.</summary>
    private static JsonTypeInfo? ElementsOf(JsonTypeInfo list) =>
        list.ElementType is { } element && JsonDefaults.Options.GetTypeInfo(element) is { Kind: JsonTypeInfoKind.Object } type
            ? type
            : null;

    private static void CheckElements(JsonElement list, JsonTypeInfo type, string path, RequestErrors errors)
    {
        var index = 0;
        foreach (var element in list.EnumerateArray())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]");
            if (element.ValueKind == JsonValueKind.Object)
            {
                CheckObject(element, type, place + ".", errors);
            }
            else
            {
                errors.Add(place, "must be an object");
            }
        }
    }

    /// <summary>Rules over several fields run once each field is sound by itself.</summary>
    private static void CheckTogether(JsonElement element, JsonTypeInfo type, string prefix, RequestErrors errors)
    {
        if (!TryRead(element, type, out var read) || read is not IValidatableObject validatable)
        {
            return; // an unknown or broken field deeper down, reported already
        }

        foreach (var result in validatable.Validate(new ValidationContext(validatable)))
        {
            foreach (var member in result.MemberNames)
            {
                errors.Add(prefix + member, result.ErrorMessage!);
            }
        }
    }

    private static bool TryRead(JsonElement element, JsonTypeInfo type, out object? read)
    {
        try
        {
            read = element.Deserialize(type);
            return true;
        }
        catch (JsonException)
        {
            read = null;
            return false;
        }
    }

    private static string Shorten(string name) => name.Length <= LongestShownName ? name : name[..LongestShownName] + "…";
}
