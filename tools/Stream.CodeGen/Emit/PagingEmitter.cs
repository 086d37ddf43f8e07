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

        var parameters = Parameters(operation, paging);
        var response = Naming.Type(operation.Response!);
        var item = Naming.Type(paging.Items.Type.Element!.Name);
        code.Line();
        code.Summary(
            $"Every item of <see cref=\"{OperationNames.Method(operation)}\"/>, over all pages; "
            + "a page is asked for when the items before it are used up.");
        code.Line("/// <exception cref=\"StreamApiException\">A page could not be had.</exception>");
        if (paging.Payload is { } needed)
        {
            code.Line($"/// <exception cref=\"ArgumentException\">The query has no {needed}.</exception>");
        }

        code.Line($"public IAsyncEnumerable<{item}> {Naming.Pascal(operation.Id)}AllAsync(");
        code.Indent();
        code.Line(string.Join(", ", parameters.Select(parameter => parameter.Declaration)) + ") =>");
        code.Line($"StreamPages.By{(paging.IsCursor ? "Cursor" : "Offset")}<{response}, {item}>(");
        code.Indent();
        code.Line($"(position, token) => {OperationNames.Method(operation)}({Arguments(paging, parameters)}),");
        code.Line($"static page => page.{Naming.Pascal(paging.Items.Name)},");
        if (paging.IsCursor)
        {
            code.Line($"static page => page.{Naming.Pascal(paging.NextField)},");
        }

        var start = Start(paging, parameters);
        code.Line(paging.IsCursor ? $"{start}," : $"{start} ?? 0,");
        code.Line("cancellationToken);");
        code.Outdent();
        code.Outdent();
    }

    /// <summary>As of the operation itself, except that a payload that carries the position must be there.</summary>
    private IReadOnlyList<(string Declaration, string Name)> Parameters(SpecOperation operation, Paging paging) =>
    [
        .. clients.Parameters(operation).Select(parameter => paging.Payload is not null && parameter.Name is "query"
            ? (parameter.Declaration.Replace("? query = null", " query", StringComparison.Ordinal), parameter.Name)
            : parameter),
    ];

    /// <summary>Where the caller wants to begin.</summary>
    private static string Start(Paging paging, IReadOnlyList<(string Declaration, string Name)> parameters)
    {
        var (source, optional) = Source(paging, parameters);
        var carrier = paging.Payload is { } payload
            ? $"StreamPages.Needed({source}.{Naming.Pascal(payload)})"
            : source + (optional ? "?" : "");
        return $"{carrier}.{Naming.Pascal(paging.Field)}";
    }

    private static string Arguments(Paging paging, IReadOnlyList<(string Declaration, string Name)> parameters)
    {
        var (source, optional) = Source(paging, parameters);
        var type = parameters.Single(parameter => parameter.Name == source).Declaration.Split(' ')[0].TrimEnd('?');
        var value = optional ? $"({source} ?? new {type}())" : source;
        var positioned = paging switch
        {
            { Payload: { } payload } when Naming.Pascal(payload) is var name => $"{source} with {{ {name} = {source}.{name}!.At(position) }}",
            { InBody: true } => $"{value}.At(position)",
            _ => $"{value} with {{ {Naming.Pascal(paging.Field)} = position }}",
        };
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
