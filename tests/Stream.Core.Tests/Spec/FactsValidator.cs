using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace GetStream.Tests.Spec;

/// <summary>Lists everything about a JSON value that the facts do not permit.</summary>
internal sealed partial class FactsValidator(Facts facts)
{
    public IReadOnlyList<string> Check(JsonElement json, string type)
    {
        var errors = new List<string>();
        Check(json, type, "$", errors);
        return errors;
    }

    private void Check(JsonElement json, string type, string path, List<string> errors)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
        {
            Each(json, JsonValueKind.Array, type[..^2], path, errors);
        }
        else if (type is "map<any>")
        {
            Kind(json, JsonValueKind.Object, path, errors);
        }
        else if (type.StartsWith("map<", StringComparison.Ordinal))
        {
            Each(json, JsonValueKind.Object, type[4..^1], path, errors);
        }
        else if (facts.Types.ContainsKey(type))
        {
            Named(json, type, path, errors);
        }
        else if (!IsScalar(json, type))
        {
            errors.Add($"{path}: {json.GetRawText()} is no {type}");
        }
    }

    private void Named(JsonElement json, string type, string path, List<string> errors)
    {
        if (facts.Type(type).TryGetProperty("enum", out _))
        {
            Kind(json, JsonValueKind.String, path, errors);
            return;
        }

        if (!Kind(json, JsonValueKind.Object, path, errors))
        {
            return;
        }

        var fields = facts.Fields(type).ToDictionary(field => field.GetProperty("name").GetString()!);
        foreach (var property in json.EnumerateObject())
        {
            if (fields.TryGetValue(property.Name, out var field))
            {
                Check(property.Value, field.GetProperty("type").GetString()!, $"{path}.{property.Name}", errors);
            }
            else
            {
                errors.Add($"{path}.{property.Name}: {type} has no such field");
            }
        }

        errors.AddRange(fields.Values
            .Where(field => Facts.Flag(field, "required") && !json.TryGetProperty(field.GetProperty("name").GetString()!, out _))
            .Select(field => $"{path}.{field.GetProperty("name")}: required and missing"));
    }

    private void Each(JsonElement json, JsonValueKind kind, string element, string path, List<string> errors)
    {
        if (!Kind(json, kind, path, errors))
        {
            return;
        }

        var values = kind is JsonValueKind.Array
            ? json.EnumerateArray().ToList()
            : [.. json.EnumerateObject().Select(property => property.Value)];
        for (var i = 0; i < values.Count; i++)
        {
            Check(values[i], element, $"{path}[{i}]", errors);
        }
    }

    private static bool Kind(JsonElement json, JsonValueKind kind, string path, List<string> errors)
    {
        if (json.ValueKind != kind)
        {
            errors.Add($"{path}: {json.ValueKind} instead of {kind}");
        }

        return json.ValueKind == kind;
    }

    private static bool IsScalar(JsonElement json, string type) => type switch
    {
        "string" or "duration" => json.ValueKind is JsonValueKind.String,
        "bool" => json.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "int32" => json.ValueKind is JsonValueKind.Number && json.TryGetInt32(out _),
        "int64" => json.ValueKind is JsonValueKind.Number && json.TryGetInt64(out _),
        "double" or "float" => json.ValueKind is JsonValueKind.Number,
        "time_ns" or "time" => json.ValueKind is JsonValueKind.Number
            ? json.TryGetInt64(out _)
            : json.ValueKind is JsonValueKind.String && IsTime(json.GetString()!),
        _ => false,
    };

    private static bool IsTime(string text) =>
        Rfc3339().IsMatch(text)
        && DateTimeOffset.TryParse(text[..19] + "Z", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")]
    private static partial Regex Rfc3339();
}
