namespace StreamGateway.Tests;

/// <summary>Places in the source tree.</summary>
internal static class Repository
{
    public static string PathOf(params string[] parts) => Path.Combine([RepositoryFolder.Path, .. parts]);

    /// <summary>A file to be looked at after the tests; what was there of an earlier run is overwritten.</summary>
    public static string Artifact(string name)
    {
        var path = PathOf("artifacts", "interop", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
