using BenchmarkDotNet.Attributes;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Benchmarks;

/// <summary>Opening a signed bundle of 1.6 MB, checking it and taking its library out, into a cache that does not hold it yet.</summary>
[MemoryDiagnoser]
public class BundleBenchmarks
{
    private const int LibrarySize = 1_600_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("bundle-benchmark-").FullName;
    private readonly MinisignSecretKey _key = MinisignSecretKey.Generate();
    private string _bundle = null!;
    private string _cache = null!;
    private int _round;

    [GlobalSetup]
    public void Pack()
    {
        // Random bytes do not compress, so the bundle is as large as its library.
        var library = new byte[LibrarySize];
        new Random(1).NextBytes(library);
        var writer = new BundleWriter(new BundlePlugin { Name = "benchmark", Version = "1.0.0" });
        writer.AddLibrary(BundlePlatforms.Current, "release", "libbenchmark.so", library);
        _bundle = Path.Combine(_folder, "benchmark.rbp");
        using var file = File.Create(_bundle);
        writer.Write(file, _key);
    }

    [IterationSetup]
    public void NameCache() => _cache = Path.Combine(_folder, $"cache-{_round++}");

    [GlobalCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Benchmark]
    public string Verify_and_extract()
    {
        using var bundle = PluginBundle.Open(_bundle, BundleTrust.Keys(_key.PublicKey));
        return bundle.ExtractLibrary(cacheFolder: _cache);
    }
}
