using System.Text;
using BenchmarkDotNet.Attributes;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Benchmarks;

/// <summary>A hundred callers with a thousand calls each, one after the other and all at once: the time of one call.</summary>
[MemoryDiagnoser]
public class ParallelCallBenchmarks
{
    private const int Callers = 100;
    private const int CallsEach = 1_000;

    private Plugin _plugin = null!;
    private byte[] _request = null!;

    [GlobalSetup]
    public void Load()
    {
        _plugin = NativePluginLoader.Load(TestPlugin.Path, new PluginConfig { MaxConcurrentOps = 0 });
        _request = Encoding.UTF8.GetBytes("""{"message":"benchmark test"}""");
    }

    [GlobalCleanup]
    public void Stop() => _plugin.Dispose();

    [Benchmark(Baseline = true, OperationsPerInvoke = Callers * CallsEach)]
    public void One_after_the_other()
    {
        for (var caller = 0; caller < Callers; caller++)
        {
            Call();
        }
    }

    [Benchmark(OperationsPerInvoke = Callers * CallsEach)]
    public void All_at_once() => Parallel.For(0, Callers, _ => Call());

    private void Call()
    {
        for (var i = 0; i < CallsEach; i++)
        {
            _plugin.Call("echo"u8, _request).Dispose();
        }
    }
}
