using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using GetStream.CodeGen;
using GetStream.CodeGen.Spec;
using GetStream.Http;
using GetStream.Json;

namespace GetStream.Tests.Spec;

public sealed class GeneratedCodeTests
{
    [Fact]
    public void Generated_code_is_what_the_generator_writes_today() =>
        Assert.Empty(new Repository(Facts.RepositoryRoot).StaleFiles());

    [Fact]
    public void Stale_missing_and_foreign_files_are_found()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var tree = new OutputTree(folder);
            var files = new Dictionary<string, string> { ["a.g.cs"] = "a", ["sub/b.g.cs"] = "b", ["c.g.cs"] = "c" };
            Assert.Equal(3, tree.Replace(files));
            Assert.Empty(tree.Differences(files));

            File.WriteAllText(Path.Combine(folder, "a.g.cs"), "changed");
            File.Delete(Path.Combine(folder, "sub", "b.g.cs"));
            File.WriteAllText(Path.Combine(folder, "foreign.cs"), "");

            Assert.Equal(["a.g.cs", "foreign.cs", "sub/b.g.cs"], tree.Differences(files));
            Assert.Equal(3, tree.Replace(files));
            Assert.Empty(tree.Differences(files));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Catalog_lists_every_operation_of_the_facts_once()
    {
        var expected = Facts.Server.Operations.Select(
            o => $"{o.GetProperty("product")} {o.GetProperty("id")} {o.GetProperty("method")} {o.GetProperty("path")}");
        var actual = ApiOperations.All.Select(o => $"{o.Product} {o.Id} {o.Method} {o.Path}");

        Assert.Equal(420, ApiOperations.All.Count);
        Assert.Equal(expected.Order(), actual.Order());
    }

    [Fact]
    public void A_new_description_is_reported_by_what_it_changes()
    {
        var before = new Repository(Facts.RepositoryRoot).Server();
        var type = before.Types["UserRequest"];
        var types = before.Types.Where(pair => pair.Key is not "Time").ToDictionary();
        types["UserRequest"] = type with { Fields = [.. type.Fields.Skip(1)] };
        types["Brand"] = type with { Name = "Brand", Fields = [] };
        var after = before with { Version = "v999", Operations = [.. before.Operations.Skip(1)], Types = types };

        var lines = SpecDiff.Describe(before, after).ToList();

        Assert.Equal(
            ["v236.0.4 -> v999", "- operation chat.AddSegmentTargets", "+ type Brand: object", "- type Time", "- field UserRequest.id"],
            lines);
    }

    [Theory]
    [InlineData(typeof(StreamClient))]
    [InlineData(typeof(StreamJson))]
    public void Client_uses_no_reflection(Type ofAssembly)
    {
        using var file = File.OpenRead(ofAssembly.Assembly.Location);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        var used = metadata.TypeReferences
            .Select(metadata.GetTypeReference)
            .Select(type => (Space: metadata.GetString(type.Namespace), Name: metadata.GetString(type.Name)))
            .Where(type => type.Space.StartsWith("System.Reflection", StringComparison.Ordinal))
            .Where(type => !type.Name.EndsWith("Attribute", StringComparison.Ordinal))
            .Select(type => $"{type.Space}.{type.Name}");

        Assert.Empty(used);
    }
}
