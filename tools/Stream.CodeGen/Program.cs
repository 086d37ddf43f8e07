using GetStream.CodeGen;
using GetStream.CodeGen.Spec;

// Stream.CodeGen [--check]: writes src/Stream.Core/Generated, or only tells whether it is current.
var root = FindRepository(AppContext.BaseDirectory);
var specFolder = Path.Combine(root, "tools", "Stream.CodeGen", "spec");
var output = Path.Combine(root, "src", "Stream.Core", "Generated");
var files = Generator.Run(
    SpecReader.Read(Path.Combine(specFolder, "stream-api.json")),
    SpecReader.Read(Path.Combine(specFolder, "stream-api-client.json")));

var tree = new OutputTree(output);
if (args.Contains("--check"))
{
    var stale = tree.Differences(files);
    foreach (var path in stale)
    {
        Console.Error.WriteLine($"stale: {path}");
    }

    return stale.Count is 0 ? 0 : 1;
}

var changed = tree.Replace(files);
Console.WriteLine($"{files.Count} files, {changed} written or removed.");
return 0;

static string FindRepository(string start)
{
    for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            return folder.FullName;
        }
    }

    throw new DirectoryNotFoundException("Run this from within the repository.");
}
