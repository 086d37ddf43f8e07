using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>The C# names around one operation.</summary>
internal static class OperationNames
{
    public static string Method(SpecOperation operation) => Naming.Pascal(operation.Id) + "Async";

    public static string Product(SpecOperation operation) => Naming.Pascal(operation.Product);

    public static string Client(string product) => Naming.Pascal(product) + "Client";

    /// <summary>The class of the query parameters; two products may have an operation of the same name.</summary>
    public static string Query(SpecOperation operation, IEnumerable<SpecOperation> all)
    {
        var shared = all.Count(other => other.Id == operation.Id && other.QueryParameters.Count > 0) > 1;
        return (shared ? Product(operation) : "") + Naming.Pascal(operation.Id) + "Query";
    }

    public static string PathParameter(SpecParameter parameter) => Naming.Camel(parameter.Name);
}
