using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen;

/// <summary>Where descriptions and generated code lie.</summary>
internal sealed class Repository(string root)
{
    public const string ServerSpec = "stream-api.json";
    public const string ClientSpec = "stream-api-client.json";

    public string SpecFolder { get; } = Path.Combine(root, "tools", "Stream.CodeGen", "spec");

    /// <exception cref="DirectoryNotFoundException">No folder above holds the solution.</exception>
    public static Repository Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
            {
                return new Repository(folder.FullName);
            }
        }

        throw new DirectoryNotFoundException("Run this from within the repository.");
    }

    public ApiSpec Server() => SpecReader.Read(Path.Combine(SpecFolder, ServerSpec));

    public ApiSpec Client() => SpecReader.Read(Path.Combine(SpecFolder, ClientSpec));

    public IEnumerable<(OutputTree Tree, IReadOnlyDictionary<string, string> Files)> Outputs()
    {
        var server = Server();
        var client = Client();
        yield return (Generated("src", "Stream.Core.Models"), Generator.RunModels(server, client));
        yield return (Generated("src", "Stream.Core"), Generator.RunClients(server, client));
        yield return (Generated("tests", "Stream.Core.Tests"), Generator.RunTests(server, client));
    }

    public IReadOnlyList<string> StaleFiles() =>
        [.. Outputs().SelectMany(output => output.Tree.Differences(output.Files))];

    private OutputTree Generated(string part, string project) => new(Path.Combine(root, part, project, "Generated"));
}
