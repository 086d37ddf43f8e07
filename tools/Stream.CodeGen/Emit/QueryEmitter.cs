using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes the query parameters of one operation as a record.</summary>
internal sealed class QueryEmitter(string version, EnumCatalog enums, TypeMapper mapper)
{
    public string Emit(string name, SpecOperation operation)
    {
        var code = new CodeWriter(version, "GetStream.Models", "System.Text.Json.Nodes", "GetStream.Http");
        code.Summary($"Query parameters of <c>{operation.Method} {operation.Path}</c>.");
        code.Open($"public sealed record {name}");
        foreach (var parameter in operation.QueryParameters)
        {
            var csharp = mapper.CSharp(parameter.Type, parameter.Constraints);
            var required = parameter.IsRequired ? "required " : "";
            code.Summary(Docs.Field(
                parameter.Name, parameter.Constraints, enums.NameFor(parameter.Type, parameter.Constraints)));
            code.Line($"public {required}{csharp}{(parameter.IsRequired ? "" : "?")} {Naming.Pascal(parameter.Name)} {{ get; init; }}");
            code.Line();
        }

        code.Open("internal void AppendTo(ref RequestTarget target)");
        foreach (var parameter in operation.QueryParameters)
        {
            var isRequiredText = parameter.IsRequired && enums.NameFor(parameter.Type, parameter.Constraints) is not null;
            var value = Naming.Pascal(parameter.Name) + (isRequiredText ? ".Value" : "");
            code.Line($"target.Query(\"{parameter.Name}\", {value});");
        }

        code.Close();
        code.Close();
        return code.ToString();
    }
}
