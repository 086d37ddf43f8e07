using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Benchmarks;

/// <summary>The host beside a bare function-pointer loop on the same exports. Read the Ratio column, per category.</summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class PluginCallBenchmarks
{
    private const string Request = """{"message":"benchmark test"}""";
    private const int Parallel = 100;

    private Plugin _plugin = null!;
    private BarePlugin _bare = null!;
    private SmallRequest _small;
    private byte[] _request = null!;

    [GlobalSetup]
    public void Load()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "plugins", "libtest_complete.so");
        var config = new PluginConfig { MaxConcurrentOps = 0 };
        _plugin = NativePluginLoader.Load(path, config);
        _bare = new BarePlugin(path);
        _small = SmallRequest.For("bench_key"u8);
        _request = Encoding.UTF8.GetBytes(Request);
    }

    [GlobalCleanup]
    public void Stop()
    {
        _bare.Dispose();
        _plugin.Dispose();
    }

    [Benchmark(Baseline = true), BenchmarkCategory("binary")]
    public uint Binary_bare() => _bare.CallRaw(in _small).CacheHit;

    [Benchmark, BenchmarkCategory("binary")]
    public uint Binary_host()
    {
        _plugin.CallRaw<SmallRequest, SmallResponse>(1, in _small, out var response);
        return response.CacheHit;
    }

    [Benchmark(Baseline = true), BenchmarkCategory("json")]
    public nuint Json_bare() => _bare.Call("echo\0"u8, _request);

    [Benchmark, BenchmarkCategory("json")]
    public int Json_host_utf8()
    {
        using var response = _plugin.Call("echo"u8, _request);
        return response.Payload.Length;
    }

    [Benchmark, BenchmarkCategory("json")]
    public string Json_host_text() => _plugin.Call("echo", Request);

    [Benchmark(Baseline = true), BenchmarkCategory("state")]
    public byte State_bare() => _bare.State;

    [Benchmark, BenchmarkCategory("state")]
    public PluginState State_host() => _plugin.State;

    [Benchmark(Baseline = true, OperationsPerInvoke = Parallel), BenchmarkCategory("parallel")]
    public void Parallel_bare() => System.Threading.Tasks.Parallel.For(0, Parallel, _ => _bare.Call("echo\0"u8, _request));

    [Benchmark(OperationsPerInvoke = Parallel), BenchmarkCategory("parallel")]
    public void Parallel_host() => System.Threading.Tasks.Parallel.For(0, Parallel, _ => _plugin.Call("echo"u8, _request).Dispose());
}
