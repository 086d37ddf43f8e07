using BenchmarkDotNet.Attributes;

namespace StreamGateway.Native.Benchmarks;

/// <summary>Opening a signed bundle of 1.6 MB, checking it and taking its library out, into a cache that does not hold it yet.</summary>
[MemoryDiagnoser]
public class BundleBenchmarks
{
    private readonly SignedBundle _random = SignedBundle.OfRandomBytes();
    private readonly SignedBundle _code = SignedBundle.OfMachineCode();
    private string _cache = null!;

    [IterationSetup(Target = nameof(Verify_and_extract))]
    public void NameCache() => _cache = _random.NextCache();

    [IterationSetup(Target = nameof(Verify_and_extract_code))]
    public void NameCacheForCode() => _cache = _code.NextCache();

    [GlobalCleanup]
    public void Delete()
    {
        _random.Dispose();
        _code.Dispose();
    }

    [Benchmark]
    public string Verify_and_extract() => _random.VerifyAndExtract(_cache);

    [Benchmark]
    public string Verify_and_extract_code() => _code.VerifyAndExtract(_cache);
}
