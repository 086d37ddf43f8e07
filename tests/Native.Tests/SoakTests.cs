using System.Globalization;
using StreamGateway.Native.Tests.Support;
using Xunit.Abstractions;

namespace StreamGateway.Native.Tests;

/// <summary>
/// Eight threads call in every way there is while levels change, instances come and go, disposals race, loggers throw
/// and collections suspend: every answer is right, every instance stops, nothing stays allocated.
/// </summary>
/// <remarks><c>SOAK_CALLS=10000000</c> makes it the full soak, of a few minutes.</remarks>
public sealed class SoakTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Surroundings = TimeSpan.FromSeconds(120);
    private const long SlowestCallsPerSecond = 5_000;

    private static long Calls =>
        long.Parse(Environment.GetEnvironmentVariable("SOAK_CALLS") ?? "400000", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_left_of_instances_that_come_and_go_under_calls(bool forcedSignals)
    {
        var run = await StressProcess.RunAsync(
            TimeSpan.FromSeconds(Calls / SlowestCallsPerSecond) + Surroundings,
            "soak",
            $"--plugin={TestPlugins.Complete}",
            $"--library={StressProcess.TestLibrary}",
            $"--calls={Calls}",
            $"--force={(forcedSignals ? 1 : 0)}");
        output.WriteLine(run.ToString());

        run.AssertHappened(
            "calls", "completions", "log_lines", "collections", "null_references", "instances", "refused", "cancelled", "level_changes");
        if (forcedSignals)
        {
            run.AssertHappened("signals", "child_signals");
        }

        Assert.Equal(2, run.Lines.Count(line => line == "live_allocations=0"));
    }
}
