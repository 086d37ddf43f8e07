using GetStream.CodeGen;
using GetStream.CodeGen.Spec;

// Stream.CodeGen [--check | --adopt FOLDER]: writes all generated code, or only tells whether it is current, or takes
// a new API description first and reports what it changes.
var repository = Repository.Find(AppContext.BaseDirectory);
return args switch
{
    [] => Generate(),
    ["--check"] => Check(),
    ["--adopt", var folder] => Adopt(folder),
    _ => Usage(),
};

int Generate()
{
    foreach (var (tree, files) in repository.Outputs())
    {
        Console.WriteLine($"{tree.Folder}: {files.Count} files, {tree.Replace(files)} written or removed.");
    }

    return 0;
}

int Check()
{
    var stale = repository.StaleFiles();
    foreach (var path in stale)
    {
        Console.Error.WriteLine($"stale: {path}");
    }

    return stale.Count is 0 ? 0 : 1;
}

int Adopt(string folder)
{
    var before = repository.Server();
    foreach (var name in new[] { Repository.ServerSpec, Repository.ClientSpec })
    {
        File.Copy(Path.Combine(folder, name), Path.Combine(repository.SpecFolder, name), overwrite: true);
    }

    foreach (var line in SpecDiff.Describe(before, repository.Server()))
    {
        Console.WriteLine(line);
    }

    return Generate();
}

static int Usage()
{
    Console.Error.WriteLine("Stream.CodeGen [--check | --adopt FOLDER]");
    return 2;
}
