using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes the operations of a product as methods of its client, one file per group of paths.</summary>
internal sealed class ClientEmitter(ApiSpec spec, IReadOnlyList<SpecOperation> operations, EnumCatalog enums)
{
    public string Emit(string product, IEnumerable<SpecOperation> group)
    {
        var code = new CodeWriter(spec.Version, "GetStream", "GetStream.Http", "GetStream.Models");
        var paging = new PagingEmitter(spec, this);
        code.Open($"public sealed partial class {OperationNames.Client(product)}");
        var first = true;
        foreach (var operation in group)
        {
            if (!first)
            {
                code.Line();
            }

            first = false;
            Method(code, operation);
            paging.Emit(code, operation);
        }

        code.Close();
        return code.ToString();
    }

    /// <summary>The parameters of an operation's method, in order: path, body, query, options, cancellation.</summary>
    public IReadOnlyList<(string Declaration, string Name)> Parameters(SpecOperation operation)
    {
        var parameters = new List<(string, string)>();
        var optional = new List<(string, string)>();
        foreach (var parameter in operation.PathParameters)
        {
            var name = OperationNames.PathParameter(parameter);
            parameters.Add(($"{enums.NameFor(parameter.Type, parameter.Constraints) ?? "string"} {name}", name));
        }

        if (operation.IsMultipart)
        {
            parameters.Add(("StreamFile file", "file"));
        }

        if (operation.Body is { } body)
        {
            var needed = !operation.IsMultipart
                && spec.Types[body].Fields.Any(field => field.IsRequired && field.Default is null && !field.IsDeprecated);
            (needed ? parameters : optional).Add(
                needed ? ($"{Naming.Type(body)} request", "request") : ($"{Naming.Type(body)}? request = null", "request"));
        }

        if (operation.QueryParameters.Count > 0)
        {
            var name = OperationNames.Query(operation, operations);
            var needed = operation.QueryParameters.Any(parameter => parameter.IsRequired);
            (needed ? parameters : optional).Add(
                needed ? ($"{name} query", "query") : ($"{name}? query = null", "query"));
        }

        return
        [
            .. parameters,
            .. optional,
            ("RequestOptions? options = null", "options"),
            ("CancellationToken cancellationToken = default", "cancellationToken"),
        ];
    }

    public static void Documentation(CodeWriter code, SpecOperation operation)
    {
        code.Summary($"{Naming.Sentence(operation.Id)}: <c>{operation.Method} {operation.Path}</c>.");
        code.Line(operation.Response is { } response
            ? $"/// <returns>A <see cref=\"{Naming.Type(response)}\"/> with the status and the rate limit that came with it.</returns>"
            : "/// <returns>The status and the rate limit that came with the answer.</returns>");
        code.Line("/// <exception cref=\"StreamApiException\">The API refused, could not be reached, or did not answer in time.</exception>");
    }

    private void Method(CodeWriter code, SpecOperation operation)
    {
        Documentation(code, operation);
        code.Line($"public Task<StreamResponse<{Naming.Type(operation.Response!)}>> {OperationNames.Method(operation)}(");
        code.Indent();
        code.Line(string.Join(", ", Parameters(operation).Select(parameter => parameter.Declaration)) + ")");
        code.Outdent();
        code.Open();
        code.Line("var address = _api.Target(stackalloc char[ApiRequestor.TargetLength]);");
        Path(code, operation);
        if (operation.QueryParameters.Count > 0)
        {
            var needed = operation.QueryParameters.Any(parameter => parameter.IsRequired);
            code.Line($"query{(needed ? "" : "?")}.AppendTo(ref address);");
        }

        Send(code, operation);
        code.Close();
    }

    private void Send(CodeWriter code, SpecOperation operation)
    {
        var response = Naming.Type(operation.Response!);
        var descriptor = $"ApiOperations.{OperationNames.Product(operation)}.{Naming.Pascal(operation.Id)}";
        if (operation.Body is not { } body)
        {
            code.Line($"return _api.SendAsync<{response}>({descriptor}, address.ToUri(), options, cancellationToken);");
            return;
        }

        var upload = operation.IsMultipart ? "Upload" : "Send";
        var file = operation.IsMultipart ? "file, " : "";
        var value = operation.IsMultipart || Parameters(operation).Any(p => p.Declaration.EndsWith("request = null", StringComparison.Ordinal))
            ? operation.IsMultipart ? "request" : $"request ?? new {Naming.Type(body)}()"
            : "request";
        code.Line($"return _api.{upload}Async<{Naming.Type(body)}, {response}>(");
        code.Indent();
        code.Line($"{descriptor}, address.ToUri(), {file}{value}, options, cancellationToken);");
        code.Outdent();
    }

    private void Path(CodeWriter code, SpecOperation operation)
    {
        var rest = operation.Path;
        while (rest.IndexOf('{', StringComparison.Ordinal) is >= 0 and var start)
        {
            var end = rest.IndexOf('}', StringComparison.Ordinal);
            var parameter = operation.PathParameters.Single(p => p.Name == rest[(start + 1)..end]);
            var value = OperationNames.PathParameter(parameter);
            var text = enums.NameFor(parameter.Type, parameter.Constraints) is null ? value : value + ".Value";
            code.Line($"address.Literal(\"{rest[..start]}\");");
            code.Line($"address.Segment({text}, nameof({value}));");
            rest = rest[(end + 1)..];
        }

        if (rest.Length > 0)
        {
            code.Line($"address.Literal(\"{rest}\");");
        }
    }
}
