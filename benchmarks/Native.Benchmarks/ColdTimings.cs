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
        var ofCode = Measure("verify and extract, machine code", Bounds.Bundle, code.NextCache, code.VerifyAndExtract);
        return load && ofRandom && ofCode;
    }

    // The first of the process also compiles the host itself.
    private static bool Measure(string what, TimeSpan bound, Func<string> prepare, Func<string, object> run)
    {
        var times = Enumerable.Range(0, Times).Select(_ => Time(run, prepare()).TotalMilliseconds).ToArray();
        var first = times[0];
        Array.Sort(times);
        Console.WriteLine($"{what}: median {times[Times / 2]:F2} ms (bound {bound.TotalMilliseconds}), the first of the process {first:F1} ms");
        return times[Times / 2] <= bound.TotalMilliseconds;
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
