using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using StreamGateway.Native.Benchmarks;

if (args is ["ratios"])
{
    return ColdTimings.Run() & PairedRatios.Run() ? 0 : 1;
}

// In this process: generated benchmark projects would not know where the C plugins lie.
var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(8).WithIterationCount(30);
var config = DefaultConfig.Instance.AddJob(job).WithOptions(ConfigOptions.JoinSummary);
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config).ToList();
return Bounds.Check(summaries) ? 0 : 1;
