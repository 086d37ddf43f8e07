using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Benchmarks;

/// <summary>A signed bundle with a library of 1.6 MB, in a folder of its own.</summary>
internal sealed class SignedBundle : IDisposable
{
    private const int LibrarySize = 1_600_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bundle-benchmark-");
    private readonly MinisignSecretKey _key = MinisignSecretKey.Generate();
    private int _caches;

    private SignedBundle(byte[] library)
    {
        var writer = new BundleWriter(new BundlePlugin { Name = "benchmark", Version = "1.0.0" });
        writer.AddLibrary(BundlePlatforms.Current, "release", "libbenchmark.so", library);
        using var file = File.Create(FilePath);
        writer.Write(file, _key);
    }

    private string FilePath => Path.Combine(_folder.FullName, "benchmark.rbp");

    /// <summary>Random bytes do not compress: the bundle is as large as its library.</summary>
    internal static SignedBundle OfRandomBytes()
    {
        var library = new byte[LibrarySize];
        new Random(1).NextBytes(library);
        return new SignedBundle(library);
    }

    /// <summary>Machine code, which unpacks from about half its size: the middle of .NET's own core library.</summary>
    internal static SignedBundle OfMachineCode()
    {
        using var code = File.OpenRead(typeof(object).Assembly.Location);
        var library = new byte[LibrarySize];
        code.Position = code.Length / 2;
        code.ReadExactly(library);
        return new SignedBundle(library);
    }

    /// <summary>A folder that nothing was extracted to yet.</summary>
    internal string NextCache() => Path.Combine(_folder.FullName, $"cache-{_caches++}");

    internal string VerifyAndExtract(string cache)
    {
        using var bundle = PluginBundle.Open(FilePath, BundleTrust.Keys(_key.PublicKey));
        return bundle.ExtractLibrary(cacheFolder: cache);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
