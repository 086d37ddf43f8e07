using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes the tables: all operations, and all types by their .NET type.</summary>
internal sealed class CatalogEmitter(ApiSpec spec)
{
    public string Operations(IReadOnlyList<SpecOperation> server, IReadOnlyList<SpecOperation> client)
    {
        var code = new CodeWriter(spec.Version, "GetStream.Http");
        code.Summary("Every operation of the API.");
        code.Open("public static class ApiOperations");
        code.Summary("The version of the API description all of this was made from.");
        code.Line($"public const string SpecVersion = \"{spec.Version}\";");
        code.Line();
        var products = server.Select(operation => operation.Product).Distinct().ToList();
        code.Summary("The operations that servers call.");
        code.Line("public static IReadOnlyList<ApiOperation> All { get; } =");
        List(code, server);
        code.Line();
        code.Summary("The few that only a participant's own token may call, such as joining a call.");
        code.Line("public static IReadOnlyList<ApiOperation> ClientSide { get; } =");
        List(code, client);
        foreach (var product in products)
        {
            code.Line();
            code.Summary($"The operations of {product}.");
            code.Open($"public static class {Naming.Pascal(product)}");
            foreach (var operation in server.Concat(client).Where(operation => operation.Product == product))
            {
                Operation(code, operation);
            }

            code.Close();
        }

        code.Close();
        return code.ToString();
    }

    public string Resolver(IEnumerable<string> types)
    {
        var code = new CodeWriter(spec.Version, "GetStream.Json", "GetStream.Models");
        code.Open("internal static partial class ModelTypes");
        code.Open("private static void AddAll(Dictionary<Type, IModelType> types)");
        foreach (var type in types)
        {
            code.Line($"types.Add(typeof({type}), ModelType<{type}>.Instance);");
        }

        code.Close();
        code.Close();
        return code.ToString();
    }

    private static void List(CodeWriter code, IReadOnlyList<SpecOperation> operations)
    {
        code.Line("[");
        code.Indent();
        foreach (var operation in operations)
        {
            code.Line($"{OperationNames.Product(operation)}.{Naming.Pascal(operation.Id)},");
        }

        code.Outdent();
        code.Line("];");
    }

    private static void Operation(CodeWriter code, SpecOperation operation)
    {
        code.Summary($"<c>{operation.Method} {operation.Path}</c>.");
        var method = Naming.Pascal(operation.Method.ToLowerInvariant());
        var body = operation.Body is null ? "null" : $"\"{operation.Body}\"";
        code.Line($"public static readonly ApiOperation {Naming.Pascal(operation.Id)} = new(");
        code.Indent();
        code.Line($"\"{operation.Id}\", \"{operation.Product}\", HttpMethod.{method}, \"{operation.Path}\", {body}, \"{operation.Response}\", {operation.Status});");
        code.Outdent();
    }
}
