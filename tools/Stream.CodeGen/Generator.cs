using GetStream.CodeGen.Emit;
using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen;

/// <summary>Turns the two descriptions into generated files, by path below a project's folder <c>Generated</c>.</summary>
internal static class Generator
{
    /// <summary>Every type with its JSON.</summary>
    public static SortedDictionary<string, string> RunModels(ApiSpec server, ApiSpec client)
    {
        var spec = ClientSideMerge.Merge(server, client);
        var enums = new EnumCatalog(spec, Operations(spec, client));
        var files = NewFiles();
        Models(files, spec, enums);
        files.Add(
            "Json/ModelTypes.g.cs",
            new CatalogEmitter(spec).Resolver(spec.Types.Values
                .Where(type => type.EnumValues.Count is 0)
                .Select(type => Naming.Type(type.Name))
                .Order(StringComparer.Ordinal)));
        return files;
    }

    /// <summary>Every operation: clients by product, resources, queries and the catalog.</summary>
    public static SortedDictionary<string, string> RunClients(ApiSpec server, ApiSpec client)
    {
        var spec = ClientSideMerge.Merge(server, client);
        var operations = Operations(spec, client);
        var files = NewFiles();
        Clients(files, spec, operations);
        files.Add(
            "Http/ApiOperations.g.cs",
            new CatalogEmitter(spec).Operations(spec.Operations, ClientSideMerge.Operations(client)));
        return files;
    }

    /// <summary>One call of every operation, for the tests of the client.</summary>
    public static SortedDictionary<string, string> RunTests(ApiSpec server, ApiSpec client)
    {
        var spec = ClientSideMerge.Merge(server, client);
        var files = NewFiles();
        files.Add("OperationCalls.g.cs", new OperationCallEmitter(spec, Operations(spec, client)).Emit(spec.Operations));
        return files;
    }

    private static SortedDictionary<string, string> NewFiles() => new(StringComparer.Ordinal);

    private static IReadOnlyList<SpecOperation> Operations(ApiSpec merged, ApiSpec client) =>
        [.. merged.Operations, .. ClientSideMerge.Operations(client)];

    private static void Models(SortedDictionary<string, string> files, ApiSpec spec, EnumCatalog enums)
    {
        var models = new ModelEmitter(spec, enums, new TypeMapper(enums));
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
        SortedDictionary<string, string> files, ApiSpec spec, IReadOnlyList<SpecOperation> operations)
    {
        var enums = new EnumCatalog(spec, operations);
        var clients = new ClientEmitter(spec, operations, enums);
        foreach (var group in operations.GroupBy(operation => (operation.Product, Group: PathGroup(operation))))
        {
            var product = Naming.Pascal(group.Key.Product);
            files.Add($"{product}/{product}Client.{group.Key.Group}.g.cs", clients.Emit(group.Key.Product, group));
        }

        var queries = new QueryEmitter(spec.Version, enums, new TypeMapper(enums));
        foreach (var operation in operations.Where(operation => operation.QueryParameters.Count > 0))
        {
            var name = OperationNames.Query(operation, operations);
            files.Add($"Queries/{name}.g.cs", queries.Emit(name, operation));
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
