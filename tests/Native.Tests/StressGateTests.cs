using System.Globalization;
using StreamGateway.Native.Tests.Support;
using Xunit.Abstractions;

namespace StreamGateway.Native.Tests;

/// <summary>
/// Go and .NET in one process: everything at once, under collections and suspension signals, with live sessions.
/// </summary>
/// <remarks>
/// Each run is a process of its own. <c>STRESS_SECONDS</c> shortens the runs of a developer; the gate is 60.
/// docs/abi.md says why a functional test does not find what this finds.
/// </remarks>
public sealed class StressGateTests(ITestOutputHelper output)
{
    private const int Sessions = 8;
    private static readonly TimeSpan Surroundings = TimeSpan.FromSeconds(180); // start, joins, leaving, a busy machine

    private static int Seconds =>
        int.Parse(Environment.GetEnvironmentVariable("STRESS_SECONDS") ?? "60", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Protected_process_survives(bool forcedSignals)
    {
        var run = await RunAsync("--protect=1", $"--force={(forcedSignals ? 1 : 0)}", $"--sessions={Sessions}");

        run.AssertHappened("calls", "events", "completions", "callbacks", "collections", "null_references", "media_bytes");
        if (forcedSignals)
        {
            run.AssertHappened("signals", "child_signals");
        }
    }

    /// <summary>Without one of the two signal steps the same program dies or hangs: the gate bites.</summary>
    [Theory]
    [InlineData("--protect=0")]
    [InlineData("--children-first=0")]
    public async Task Unprotected_process_does_not_survive(string step)
    {
        var run = await RunAsync(step, "--force=1", "--threads=8");

        Assert.True(run.ExitCode != 0, $"it survived, so the gate proves nothing here: {run}");
    }

    private async Task<StressProcess> RunAsync(params string[] arguments)
    {
        var run = await StressProcess.RunAsync(
            TimeSpan.FromSeconds(Seconds) + Surroundings,
            [$"--library={StressProcess.TestLibrary}", $"--seconds={Seconds}", .. arguments]);
        output.WriteLine(run.ToString());
        return run;
    }
}
