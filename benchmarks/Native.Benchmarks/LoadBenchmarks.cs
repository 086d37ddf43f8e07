using BenchmarkDotNet.Attributes;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Benchmarks;

/// <summary>Loading a library the process does not hold yet and starting an instance of it; then its stop.</summary>
[MemoryDiagnoser]
public class LoadBenchmarks
{
    private readonly FreshLibraries _libraries = new();
    private string _path = null!;
    private Plugin? _plugin;

    [IterationSetup]
    public void Copy() => _path = _libraries.Next();

    [IterationCleanup]
    public void Stop() => _plugin?.Dispose();

    [GlobalCleanup]
    public void Delete() => _libraries.Dispose();

    [Benchmark]
    public PluginState Load_and_start()
    {
        _plugin = NativePluginLoader.Load(_path);
        return _plugin.State;
    }
}
