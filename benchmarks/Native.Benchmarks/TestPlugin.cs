namespace StreamGateway.Native.Benchmarks;

/// <summary>The complete C test plugin, built beside this program.</summary>
internal static class TestPlugin
{
    internal static string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "plugins", "libtest_complete.so");
}

/// <summary>Copies of it: another file is another library, which the loader has to map and link anew.</summary>
internal sealed class FreshLibraries : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("native-benchmarks-");
    private int _count;

    internal string Next()
    {
        var path = Path.Combine(_folder.FullName, $"libfresh_{_count++}.so");
        File.Copy(TestPlugin.Path, path);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
