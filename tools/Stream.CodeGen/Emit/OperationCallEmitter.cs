using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes one call of every operation, with arguments from a source of samples, for the tests.</summary>
internal sealed class OperationCallEmitter(ApiSpec spec, IReadOnlyList<SpecOperation> all)
{
    public string Emit(IEnumerable<SpecOperation> operations)
    {
        var code = new CodeWriter(spec.Version, "GetStream.Tests.Http", "GetStream.Models");
        code.Open("internal static class OperationCalls");
        code.Line("public static IReadOnlyList<OperationCall> All { get; } =");
        code.Line("[");
        code.Indent();
        foreach (var operation in operations)
        {
            var client = $"c.{OperationNames.Product(operation)}.{OperationNames.Method(operation)}";
            code.Line($"new(\"{operation.Product}\", \"{operation.Id}\", static (c, s) => Answer.JsonAsync({client}(");
            code.Indent();
            code.Line($"{string.Join(", ", Arguments(operation))}))),");
            code.Outdent();
        }

        code.Outdent();
        code.Line("];");
        code.Close();
        return code.ToString();
    }

    private IEnumerable<string> Arguments(SpecOperation operation)
    {
        foreach (var parameter in operation.PathParameters)
        {
            yield return $"s.Path(\"{parameter.Name}\")";
        }

        if (operation.IsMultipart)
        {
            yield return "s.File()";
        }

        if (operation.Body is { } body)
        {
            yield return $"request: s.Body<{Naming.Type(body)}>(\"{body}\")";
        }

        if (operation.QueryParameters.Count > 0)
        {
            var values = operation.QueryParameters.Select(
                parameter => $"{Naming.Pascal(parameter.Name)} = s.{Sample(parameter)}");
            yield return $"query: new {OperationNames.Query(operation, all)} {{ {string.Join(", ", values)} }}";
        }
    }

    private static string Sample(SpecParameter parameter) => parameter.Type switch
    {
        { Kind: TypeKind.Named } => $"Model<{Naming.Type(parameter.Type.Name)}>(\"{parameter.Name}\", \"{parameter.Type.Name}\")",
        { Kind: TypeKind.List, Element: { Kind: TypeKind.Named } element } =>
            $"Models<{Naming.Type(element.Name)}>(\"{parameter.Name}\", \"{element.Name}\")",
        { Kind: TypeKind.List } => $"Texts(\"{parameter.Name}\")",
        { Kind: TypeKind.Map } => $"Object(\"{parameter.Name}\")",
        { Kind: TypeKind.String } => $"Text(\"{parameter.Name}\")",
        _ => $"{parameter.Type.Kind}(\"{parameter.Name}\")",
    };
}
