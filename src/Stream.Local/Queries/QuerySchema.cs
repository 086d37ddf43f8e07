using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Local.Errors;

namespace GetStream.Local.Queries;

/// <summary>The fields of one kind of row: those named, and custom data by dotted path.</summary>
/// <param name="id">Tells rows apart; breaks ties when sorting.</param>
/// <param name="custom">Where <c>custom.…</c> looks.</param>
internal sealed class QuerySchema<T>(
    Func<T, string> id, Func<T, JsonObject> custom, params IReadOnlyList<QueryField<T>> fields)
{
    private const string CustomPrefix = "custom.";

    private readonly Dictionary<string, QueryField<T>> _fields = fields.ToDictionary(field => field.Name);

    /// <summary>Whether a name that is no field means a property of the custom data, as for users.</summary>
    public bool UnknownIsCustom { get; init; }

    public string Id(T row) => id(row);

    /// <exception cref="ApiException">There is no such field.</exception>
    public QueryField<T> Field(string name)
    {
        if (_fields.TryGetValue(name, out var field))
            return field;
        var path = name.StartsWith(CustomPrefix, StringComparison.Ordinal) ? name[CustomPrefix.Length..]
            : UnknownIsCustom ? name
            : null;
        if (path is not { Length: > 0 })
        {
            var known = string.Join(", ", _fields.Keys);
            throw ApiException.Input($"\"{Shortened.Text(name)}\" is not a field to query by: use {known} or custom.…");
        }

        var names = path.Split('.');
        return new QueryField<T>(name, FieldKind.Any, row => Find(custom(row), names));
    }

    private static object? Find(JsonNode? node, string[] names)
    {
        foreach (var name in names)
            node = (node as JsonObject)?[name];
        return node switch
        {
            JsonArray list => Texts(list),
            JsonValue value => FilterOperand.Scalar(value),
            _ => node is null ? null : node.ToJsonString(),
        };
    }

    private static HashSet<string> Texts(JsonArray list) =>
        list.OfType<JsonValue>().Select(FilterOperand.Scalar).OfType<string>().ToHashSet(StringComparer.Ordinal);
}
