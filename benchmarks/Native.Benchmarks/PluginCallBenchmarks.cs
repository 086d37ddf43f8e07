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

    private Plugin _plugin = null!;
    private BarePlugin _bare = null!;
    private SmallRequest _small;
    private SmallResponse _smallAnswer;
    private readonly byte[] _answer = new byte[256];
    private byte[] _request = null!;

    [GlobalSetup]
    public void Load()
    {
        _plugin = NativePluginLoader.Load(TestPlugin.Path, new PluginConfig { MaxConcurrentOps = 0 });
        _bare = new BarePlugin(TestPlugin.Path);
        _small = SmallRequest.For("bench_key"u8);
        _request = Encoding.UTF8.GetBytes(Request);
    }

    [GlobalCleanup]
    public void Stop()
    {
        _bare.Dispose();
        _plugin.Dispose();
    }

    [Benchmark(Baseline = true), BenchmarkCategory(Bounds.Binary)]
    public uint Binary_bare()
    {
        _bare.CallRaw(in _small, out _smallAnswer);
        return _smallAnswer.CacheHit;
    }

    [Benchmark, BenchmarkCategory(Bounds.Binary)]
    public uint Binary_host()
    {
        _plugin.CallRaw(1, in _small, out _smallAnswer);
        return _smallAnswer.CacheHit;
    }

    [Benchmark(Baseline = true), BenchmarkCategory(Bounds.Json)]
    public int Json_bare() => _bare.Call("echo\0"u8, _request, _answer);

    [Benchmark, BenchmarkCategory(Bounds.Json)]
    public int Json_host_utf8()
    {
        using var response = _plugin.Call("echo"u8, _request);
        return response.Payload.Length;
    }

    [Benchmark, BenchmarkCategory(Bounds.Json)]
    public string Json_host_text() => _plugin.Call("echo", Request);

    [Benchmark(Baseline = true), BenchmarkCategory(Bounds.State)]
    public byte State_bare() => _bare.State;

    [Benchmark, BenchmarkCategory(Bounds.State)]
    public PluginState State_host() => _plugin.State;
}
