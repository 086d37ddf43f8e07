using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes the method that walks over all pages of a list.</summary>
internal sealed class PagingEmitter(ApiSpec spec, ClientEmitter clients)
{
    public void Emit(CodeWriter code, SpecOperation operation)
    {
        if (Paging.Of(operation, spec) is not { } paging)
        {
            return;
        }

        var parameters = clients.Parameters(operation);
        var response = Naming.Type(operation.Response!);
        var item = Naming.Type(paging.Items.Type.Element!.Name);
        var property = Naming.Pascal(paging.Field);
        code.Line();
        code.Summary(
            $"Every item of <see cref=\"{OperationNames.Method(operation)}\"/>, over all pages; "
            + "a page is asked for when the items before it are used up.");
        code.Line("/// <exception cref=\"StreamApiException\">A page could not be had.</exception>");
        code.Line($"public IAsyncEnumerable<{item}> {Naming.Pascal(operation.Id)}AllAsync(");
        code.Indent();
        code.Line(string.Join(", ", parameters.Select(parameter => parameter.Declaration)) + ") =>");
        code.Line($"StreamPages.By{(paging.IsCursor ? "Cursor" : "Offset")}<{response}, {item}>(");
        code.Indent();
        code.Line($"(position, token) => {OperationNames.Method(operation)}({Arguments(operation, paging, parameters, property)}),");
        code.Line($"static page => page.{Naming.Pascal(paging.Items.Name)},");
        if (paging.IsCursor)
        {
            code.Line("static page => page.Next,");
        }

        var (source, optional) = Source(paging, parameters);
        var start = $"{source}{(optional ? "?" : "")}.{property}";
        code.Line(paging.IsCursor ? $"{start}," : $"{start} ?? 0,");
        code.Line("cancellationToken);");
        code.Outdent();
        code.Outdent();
    }

    private static string Arguments(
        SpecOperation operation, Paging paging, IReadOnlyList<(string Declaration, string Name)> parameters, string property)
    {
        var (source, optional) = Source(paging, parameters);
        var type = parameters.Single(parameter => parameter.Name == source).Declaration.Split(' ')[0].TrimEnd('?');
        var value = optional ? $"({source} ?? new {type}())" : source;
        var positioned = paging.InBody ? $"{value}.At(position)" : $"{value} with {{ {property} = position }}";
        return string.Join(", ", parameters.Select(parameter => parameter.Name switch
        {
            _ when parameter.Name == source => positioned,
            "cancellationToken" => "token",
            _ => parameter.Name,
        }));
    }

    private static (string Name, bool IsOptional) Source(
        Paging paging, IReadOnlyList<(string Declaration, string Name)> parameters)
    {
        var name = paging.InBody ? "request" : "query";
        return (name, parameters.Single(parameter => parameter.Name == name).Declaration.EndsWith("= null", StringComparison.Ordinal));
    }
}
