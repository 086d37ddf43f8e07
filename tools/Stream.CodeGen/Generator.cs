using GetStream.CodeGen.Emit;
using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen;

/// <summary>Turns the two descriptions into all generated files, by path below a folder <c>Generated</c>.</summary>
internal static class Generator
{
    /// <summary>One call of every operation, for the tests of the client.</summary>
    public static SortedDictionary<string, string> RunTests(ApiSpec server, ApiSpec client)
    {
        var spec = ClientSideMerge.Merge(server, client);
        IReadOnlyList<SpecOperation> operations = [.. spec.Operations, .. ClientSideMerge.Operations(client)];
        var calls = new OperationCallEmitter(spec, operations);
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["OperationCalls.g.cs"] = calls.Emit(spec.Operations),
        };
    }

    public static SortedDictionary<string, string> Run(ApiSpec server, ApiSpec client)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var spec = ClientSideMerge.Merge(server, client);
        var clientOperations = ClientSideMerge.Operations(client);
        IReadOnlyList<SpecOperation> operations = [.. spec.Operations, .. clientOperations];
        var enums = new EnumCatalog(spec, operations);
        var mapper = new TypeMapper(enums);

        Models(files, spec, enums, mapper);
        Clients(files, spec, operations, enums, mapper);
        var catalog = new CatalogEmitter(spec);
        files.Add("Http/ApiOperations.g.cs", catalog.Operations(spec.Operations, clientOperations));
        files.Add(
            "Json/ModelTypes.g.cs",
            catalog.Resolver(spec.Types.Values
                .Where(type => type.EnumValues.Count is 0)
                .Select(type => Naming.Type(type.Name))
                .Order(StringComparer.Ordinal)));
        return files;
    }

    private static void Models(
        SortedDictionary<string, string> files, ApiSpec spec, EnumCatalog enums, TypeMapper mapper)
    {
        var models = new ModelEmitter(spec, enums, mapper);
        var unions = new UnionEmitter(spec);
        var sets = new EnumEmitter(spec.Version);
        foreach (var type in spec.Types.Values.Where(type => type.EnumValues.Count is 0))
        {
            var code = type.Union is null ? models.Emit(type) : unions.Emit(type);
            files.Add($"Models/{Naming.Type(type.Name)}.g.cs", code);
        }

        foreach (var (name, values) in enums.Types)
        {
            files.Add($"Models/Enums/{name}.g.cs", sets.Emit(name, values));
        }
    }

    private static void Clients(
        SortedDictionary<string, string> files,
        ApiSpec spec,
        IReadOnlyList<SpecOperation> operations,
        EnumCatalog enums,
        TypeMapper mapper)
    {
        var clients = new ClientEmitter(spec, operations, enums);
        foreach (var group in operations.GroupBy(operation => (operation.Product, Group: PathGroup(operation))))
        {
            var product = Naming.Pascal(group.Key.Product);
            files.Add($"{product}/{product}Client.{group.Key.Group}.g.cs", clients.Emit(group.Key.Product, group));
        }

        var queries = new QueryEmitter(spec.Version, enums, mapper);
        foreach (var operation in operations.Where(operation => operation.QueryParameters.Count > 0))
        {
            var name = OperationNames.Query(operation, operations);
            files.Add($"Models/Queries/{name}.g.cs", queries.Emit(name, operation));
        }

        var resources = new ResourceEmitter(spec, clients);
        foreach (var resource in ResourceEmitter.Resources)
        {
            var product = Naming.Pascal(resource.Product);
            files.Add($"{product}/{resource.Class}.g.cs", resources.Emit(resource, operations));
        }
    }

    /// <summary>The first word of the path after the product: <c>/api/v2/video/call_stats/…</c> is <c>CallStats</c>.</summary>
    private static string PathGroup(SpecOperation operation)
    {
        var segments = operation.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Skip(2);
        return Naming.Pascal(segments.First(segment => segment != operation.Product));
    }
}
