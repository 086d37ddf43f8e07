using BenchmarkDotNet.Reports;

namespace StreamGateway.Native.Benchmarks;

/// <summary>What the host may cost, compared with the bare loop, and whether a run of BenchmarkDotNet kept to it.</summary>
internal static class Bounds
{
    internal const string Binary = "binary";
    internal const string Json = "json";
    internal const string State = "state";

    internal const double BinaryRatio = 1.15;
    internal const double JsonRatio = 1.2;
    internal const double JsonTextRatio = 1.5;
    internal const double StateRatio = 1.2;
    internal const long JsonBytes = 32;
    internal static readonly TimeSpan Load = TimeSpan.FromMilliseconds(8.8);
    internal static readonly TimeSpan Bundle = TimeSpan.FromMilliseconds(9.9);

    // A call of many threads may take a core's share of the time, and half as much again.
    internal static double ParallelRatio => 1.5 / Environment.ProcessorCount;

    /// <summary>Prints every ratio beside its bound; false when one was exceeded.</summary>
    internal static bool Check(IEnumerable<Summary> summaries)
    {
        var medians = summaries.SelectMany(summary => summary.Reports).Where(report => report.ResultStatistics is not null).ToDictionary(
            report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name, report => report);
        var held = true;
        Ratio(nameof(PluginCallBenchmarks.Binary_host), nameof(PluginCallBenchmarks.Binary_bare), BinaryRatio, 0);
        Ratio(nameof(PluginCallBenchmarks.Json_host_utf8), nameof(PluginCallBenchmarks.Json_bare), JsonRatio, JsonBytes);
        Ratio(nameof(PluginCallBenchmarks.Json_host_text), nameof(PluginCallBenchmarks.Json_bare), JsonTextRatio, null);
        Ratio(nameof(PluginCallBenchmarks.State_host), nameof(PluginCallBenchmarks.State_bare), StateRatio, 0);
        Ratio(nameof(ParallelCallBenchmarks.All_at_once), nameof(ParallelCallBenchmarks.One_after_the_other), ParallelRatio, null);
        Limit(nameof(LoadBenchmarks.Load_and_start), Load);
        Limit(nameof(BundleBenchmarks.Verify_and_extract), Bundle);
        return held;

        void Ratio(string host, string bare, double bound, long? bytes)
        {
            if (!medians.TryGetValue(host, out var hostReport) || !medians.TryGetValue(bare, out var bareReport))
            {
                return;
            }

            var ratio = hostReport.ResultStatistics!.Median / bareReport.ResultStatistics!.Median;
            var allocated = hostReport.GcStats.GetBytesAllocatedPerOperation(hostReport.BenchmarkCase) ?? 0;
            var wanted = bytes is null ? "" : $", bound {bytes} B";
            Verdict(host, ratio <= bound && (bytes is null || allocated <= bytes), $"ratio of medians {ratio:F3}, bound {bound:F2}; {allocated} B{wanted}");
        }

        void Limit(string what, TimeSpan bound)
        {
            if (medians.TryGetValue(what, out var report))
            {
                var time = TimeSpan.FromMicroseconds(report.ResultStatistics!.Median / 1_000);
                Verdict(what, time <= bound, $"{time.TotalMilliseconds:F2} ms, bound {bound.TotalMilliseconds} ms");
            }
        }

        void Verdict(string what, bool good, string text)
        {
            held &= good;
            Console.WriteLine($"{(good ? "held" : "EXCEEDED"),-9}{what,-20}{text}");
        }
    }
}
