using System.Diagnostics;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Benchmarks;

/// <summary>What a program does once: the median of some fifty times each.</summary>
internal static class ColdTimings
{
    private const int Times = 51;

    /// <summary>Prints them; false when a bound did not hold.</summary>
    internal static bool Run()
    {
        using var libraries = new FreshLibraries();
        using var random = SignedBundle.OfRandomBytes();
        using var code = SignedBundle.OfMachineCode();
        var load = Measure("load and start", Bounds.Load, libraries.Next, path => NativePluginLoader.Load(path));
        var ofRandom = Measure("verify and extract, random bytes", Bounds.Bundle, random.NextCache, random.VerifyAndExtract);
        Measure("verify and extract, machine code", null, code.NextCache, code.VerifyAndExtract);
        return load && ofRandom;
    }

    // The first of the process also compiles the host itself.
    private static bool Measure(string what, TimeSpan? bound, Func<string> prepare, Func<string, object> run)
    {
        var times = Enumerable.Range(0, Times).Select(_ => Time(run, prepare()).TotalMilliseconds).ToArray();
        var first = times[0];
        Array.Sort(times);
        var median = times[Times / 2];
        Console.WriteLine($"{what}: median {median:F2} ms ({(bound is null ? "no bound" : $"bound {bound.Value.TotalMilliseconds}")}), the first of the process {first:F1} ms");
        return bound is null || median <= bound.Value.TotalMilliseconds;
    }

    private static TimeSpan Time(Func<string, object> run, string argument)
    {
        var start = Stopwatch.GetTimestamp();
        var result = run(argument);
        var elapsed = Stopwatch.GetElapsedTime(start);
        (result as IDisposable)?.Dispose();
        return elapsed;
    }
}
