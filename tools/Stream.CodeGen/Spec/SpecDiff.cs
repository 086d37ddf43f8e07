namespace GetStream.CodeGen.Spec;

/// <summary>Tells in lines what one description has that another has not.</summary>
internal static class SpecDiff
{
    public static IEnumerable<string> Describe(ApiSpec before, ApiSpec after)
    {
        yield return $"{before.Version} -> {after.Version}";
        var lines = Compare("operation", Operations(before), Operations(after))
            .Concat(Compare("type", Types(before), Types(after)))
            .Concat(Compare("field", Fields(before), Fields(after)))
            .Concat(Compare("event", Events(before), Events(after)));
        foreach (var line in lines)
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Compare(
        string what, Dictionary<string, string> before, Dictionary<string, string> after)
    {
        var added = after.Keys.Except(before.Keys).Order(StringComparer.Ordinal).Select(name => $"+ {what} {name}: {after[name]}");
        var removed = before.Keys.Except(after.Keys).Order(StringComparer.Ordinal).Select(name => $"- {what} {name}");
        var changed = before.Keys.Intersect(after.Keys)
            .Where(name => before[name] != after[name])
            .Order(StringComparer.Ordinal)
            .Select(name => $"~ {what} {name}: {before[name]} -> {after[name]}");
        return added.Concat(removed).Concat(changed);
    }

    private static Dictionary<string, string> Operations(ApiSpec spec) => spec.Operations.ToDictionary(
        operation => $"{operation.Product}.{operation.Id}",
        operation =>
            $"{operation.Method} {operation.Path} ({operation.Body}) {operation.Response} ?"
            + string.Join(',', operation.QueryParameters.Select(parameter => parameter.Name)));

    private static Dictionary<string, string> Types(ApiSpec spec) => spec.Types.Values.ToDictionary(
        type => type.Name,
        type => type.Union is { } union ? $"union of {union.Mapping.Count}"
            : type.EnumValues.Count > 0 ? string.Join('|', type.EnumValues)
            : "object");

    private static Dictionary<string, string> Fields(ApiSpec spec) => spec.Types.Values
        .SelectMany(type => type.Fields.Select(field => (Name: $"{type.Name}.{field.Name}", Field: field)))
        .ToDictionary(
            pair => pair.Name,
            pair => $"{Shape(pair.Field.Type)}{(pair.Field.IsRequired ? "!" : "")} {string.Join('|', pair.Field.Constraints.EnumValues)}".TrimEnd());

    private static Dictionary<string, string> Events(ApiSpec spec) =>
        spec.Events.Values.ToDictionary(e => e.Name, e => e.Type);

    private static string Shape(TypeReference type) => type.Kind switch
    {
        TypeKind.List => Shape(type.Element!) + "[]",
        TypeKind.Map => $"map<{Shape(type.Element!)}>",
        TypeKind.Named => type.Name,
        _ => type.Kind.ToString(),
    };
}
