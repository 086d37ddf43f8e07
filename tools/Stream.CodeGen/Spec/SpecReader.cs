using System.Text.Json;

namespace GetStream.CodeGen.Spec;

/// <summary>Reads a description of the API from its JSON file.</summary>
internal static class SpecReader
{
    private static readonly string[] s_knownFieldKeys =
    [
        "name", "type", "required", "enum", "item_enum", "encoding", "default", "deprecated", "nullable", "readOnly",
        "writeOnly", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    ];

    public static ApiSpec Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        var root = document.RootElement;
        return new ApiSpec(
            root.GetProperty("version").GetString()!,
            [.. root.GetProperty("operations").EnumerateArray().Select(ReadOperation)],
            root.GetProperty("types").EnumerateObject().ToDictionary(p => p.Name, p => ReadType(p.Name, p.Value)),
            root.GetProperty("events").EnumerateObject().ToDictionary(
                p => p.Name, p => new SpecEvent(p.Name, Text(p.Value, "type")!)));
    }

    private static SpecOperation ReadOperation(JsonElement json) => new(
        Text(json, "id")!,
        Text(json, "product")!,
        Text(json, "method")!,
        Text(json, "path")!,
        // The description lists them by name; callers expect the order of the path.
        [.. Items(json, "path_params").Select(ReadParameter).OrderBy(p => Text(json, "path")!.IndexOf($"{{{p.Name}}}", StringComparison.Ordinal))],
        [.. Items(json, "query_params").Select(ReadParameter)],
        Text(json, "body"),
        Text(json, "content_type") is "multipart/form-data",
        Text(json, "response"),
        json.GetProperty("status") is { ValueKind: JsonValueKind.Number } status ? status.GetInt32() : 200);

    private static SpecParameter ReadParameter(JsonElement json) => new(
        Text(json, "name")!, ReadConstraints(json), ReadTypeReference(json), Flag(json, "required"));

    private static SpecType ReadType(string name, JsonElement json) => new(
        name,
        [.. Items(json, "fields").Select(ReadField)],
        [.. Items(json, "enum").Select(value => value.GetString()!)],
        json.TryGetProperty("discriminator", out var discriminator)
            ? new SpecUnion(
                discriminator.GetString()!,
                json.GetProperty("mapping").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!))
            : null);

    private static SpecField ReadField(JsonElement json)
    {
        // A key nobody handles would be silently lost from the client.
        foreach (var property in json.EnumerateObject())
        {
            if (!s_knownFieldKeys.Contains(property.Name))
            {
                throw new FormatException($"Unknown key '{property.Name}' on field '{Text(json, "name")}'.");
            }
        }

        return new SpecField(
            Text(json, "name")!,
            ReadConstraints(json),
            ReadTypeReference(json),
            Flag(json, "required"),
            Flag(json, "nullable"),
            Flag(json, "deprecated"),
            Text(json, "default"));
    }

    private static TypeReference ReadTypeReference(JsonElement json) => TypeReference.Parse(Text(json, "type")!);

    private static SpecConstraints ReadConstraints(JsonElement json) => new(
        [.. Items(json, "enum").Concat(Items(json, "item_enum")).Select(value => value.ToString())],
        Number(json, "minimum"),
        Number(json, "maximum"),
        (int?)Number(json, "minLength"),
        (int?)Number(json, "maxLength"),
        (int?)Number(json, "minItems"),
        (int?)Number(json, "maxItems"));

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out var array) ? array.EnumerateArray() : default;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value.ToString() : null;

    private static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;

    private static double? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetDouble() : null;
}
