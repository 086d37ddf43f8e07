using System.Reflection;

namespace StreamGateway.Tests;

/// <summary>Places in the source tree.</summary>
internal static class Repository
{
    private static readonly string Root = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(item => item.Key == "RepositoryRoot").Value!;

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file to be looked at after the tests; what was there of an earlier run is overwritten.</summary>
    public static string Artifact(string name)
    {
        var path = PathOf("artifacts", "interop", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
