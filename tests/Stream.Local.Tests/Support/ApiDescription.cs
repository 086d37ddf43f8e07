using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GetStream.Http;

namespace GetStream.Local.Tests.Support;

/// <summary>The description of Stream's API that the client is generated from, as far as it bounds requests.</summary>
internal sealed partial class ApiDescription
{
    private readonly Dictionary<string, JsonObject> _operations = [];
    private readonly Dictionary<string, JsonObject> _types = [];

    public static ApiDescription Load()
    {
        var description = new ApiDescription();
        var folder = ServedOperationsDocument.PathOf("tools/Stream.CodeGen/spec");
        foreach (var file in Directory.EnumerateFiles(folder, "stream-api*.json"))
            description.Add((JsonObject)JsonNode.Parse(File.ReadAllBytes(file))!);
        return description;
    }

    /// <summary>One request for each bound of an operation, with one value just beyond it.</summary>
    public IEnumerable<(string Field, string Path, string Query, JsonObject? Body)> Violations(ApiOperation operation)
    {
        var described = _operations[operation.Id];
        foreach (var parameter in Fields(described["path_params"]))
        {
            foreach (var value in Beyond(parameter))
                yield return (Name(parameter), Path(operation, Name(parameter), Text(value)), "", Body(described));
        }

        foreach (var parameter in Fields(described["query_params"]))
        {
            foreach (var value in Beyond(parameter))
            {
                var others = Required(described).Where(name => name != Name(parameter)).Select(name => $"&{name}=demo");
                yield return (
                    Name(parameter), Path(operation), string.Concat(others) + $"&{Name(parameter)}={Text(value)}", Body(described));
            }
        }

        if (described["body"] is not { } type || !_types.TryGetValue((string)type!, out var model))
            yield break;
        foreach (var field in Fields(model["fields"]))
        {
            foreach (var value in Beyond(field))
            {
                var body = Body(described)!;
                body[Name(field)] = value;
                yield return (Name(field), Path(operation), "", body);
            }
        }
    }

    private void Add(JsonObject file)
    {
        foreach (var operation in file["operations"]!.AsArray())
            _operations.TryAdd((string)operation!["id"]!, (JsonObject)operation);
        foreach (var (name, type) in file["types"]!.AsObject())
            _types.TryAdd(name, (JsonObject)type!);
    }

    private IEnumerable<JsonNode> Beyond(JsonObject field)
    {
        var type = (string)field["type"]!;
        if (field["maxLength"] is { } longest)
            yield return new string('x', (int)longest + 1);
        if (field["minLength"] is { } shortest && (int)shortest > 0 && field["required"] is not null)
            yield return "";
        if (field["maximum"] is { } largest)
            yield return (int)largest + 1;
        if (field["minimum"] is { } smallest)
            yield return (int)smallest - 1;
        if (field["maxItems"] is { } most)
            yield return new JsonArray([.. Enumerable.Range(0, (int)most + 1).Select(_ => Sample(type[..^2]))]);
        if (field["minItems"] is { } fewest && (int)fewest > 0)
            yield return new JsonArray();
    }

    private static IEnumerable<string> Required(JsonObject operation) =>
        Fields(operation["query_params"]).Where(parameter => parameter["required"] is not null).Select(Name);

    private JsonObject? Body(JsonObject operation) =>
        operation["body"] is { } type && _types.ContainsKey((string)type!) ? (JsonObject)Sample((string)type!) : null;

    /// <summary>A value of a type, with what is required in it.</summary>
    private JsonNode Sample(string type) => type switch
    {
        "string" => "demo",
        "bool" => true,
        "time_ns" => "2026-01-01T00:00:00Z",
        "int32" or "int64" or "double" => 1,
        _ when type.EndsWith("[]", StringComparison.Ordinal) => new JsonArray(Sample(type[..^2])),
        _ when _types.TryGetValue(type, out var model) => new JsonObject(
            Fields(model["fields"])
                .Where(field => field["required"] is not null)
                .Select(field => KeyValuePair.Create(Name(field), (JsonNode?)SampleOf(field)))),
        _ => new JsonObject(),
    };

    private JsonNode SampleOf(JsonObject field) =>
        field["enum"] is JsonArray { Count: > 0 } values ? values[0]!.DeepClone() : Sample((string)field["type"]!);

    private static IEnumerable<JsonObject> Fields(JsonNode? list) => (list as JsonArray ?? []).Select(field => (JsonObject)field!);

    private static string Name(JsonObject field) => (string)field["name"]!;

    private static string Text(JsonNode value) => value is JsonValue text && text.TryGetValue<string>(out var plain)
        ? plain
        : ((int)value).ToString(CultureInfo.InvariantCulture);

    private static string Path(ApiOperation operation, string? parameter = null, string? value = null) =>
        Parameters().Replace(operation.Path["/api/v2".Length..], match => match.Groups[1].Value switch
        {
            var name when name == parameter => value!,
            "type" => "default",
            _ => "demo",
        });

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameters();
}
