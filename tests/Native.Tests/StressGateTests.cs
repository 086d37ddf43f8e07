using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Threading.Channels;
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
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30); // of a program that prints every 2 s
    private static readonly TimeSpan Surroundings = TimeSpan.FromSeconds(180); // start, joins, leaving, a busy machine

    private static int Seconds =>
        int.Parse(Environment.GetEnvironmentVariable("STRESS_SECONDS") ?? "60", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Protected_process_survives(bool forcedSignals)
    {
        var run = await RunAsync("--protect=1", $"--force={(forcedSignals ? 1 : 0)}", $"--sessions={Sessions}");

        Assert.True(run.ExitCode == 0, run.ToString());
        var figures = Assert.Single(run.Lines, line => line.StartsWith("OK ", StringComparison.Ordinal));
        foreach (var wanted in new[] { "calls", "events", "completions", "callbacks", "collections", "null_references", "media_bytes" })
        {
            Assert.DoesNotContain($" {wanted}=0 ", figures + " ", StringComparison.Ordinal);
        }
    }

    /// <summary>Without the signal step the same program dies or hangs: the gate bites.</summary>
    [Fact]
    public async Task Unprotected_process_does_not_survive()
    {
        var run = await RunAsync("--protect=0", "--force=1", "--threads=8");

        Assert.True(run.ExitCode != 0, $"it survived, so the gate proves nothing here: {run}");
    }

    /// <summary>Runs the host until it ends, is silent too long, or takes too long; then it is killed.</summary>
    private async Task<StressRun> RunAsync(params string[] arguments)
    {
        using var process = Start([$"--library={PathOf("TestLibrary")}", $"--seconds={Seconds}", .. arguments]);
        var printed = Channel.CreateUnbounded<string>();
        var readers = Task.WhenAll(ForwardAsync(process.StandardOutput, printed), ForwardAsync(process.StandardError, printed));
        _ = readers.ContinueWith(_ => printed.Writer.Complete(), TaskScheduler.Default);

        var lines = new List<string>();
        var verdict = await WatchAsync(printed.Reader, lines);
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync().WaitAsync(Surroundings);
        var run = new StressRun(verdict is null ? process.ExitCode : -1, verdict ?? "ended", lines);
        output.WriteLine(run.ToString());
        return run;
    }

    /// <summary>Null when the program closed its output, else why it is to be killed.</summary>
    private static async Task<string?> WatchAsync(ChannelReader<string> printed, List<string> lines)
    {
        var clock = Stopwatch.StartNew();
        var limit = TimeSpan.FromSeconds(Seconds) + Surroundings;
        try
        {
            while (clock.Elapsed < limit)
            {
                lines.Add(await printed.ReadAsync().AsTask().WaitAsync(Silence));
            }

            return $"still running after {limit}";
        }
        catch (TimeoutException)
        {
            return $"hangs: silent for {Silence}";
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    private static async Task ForwardAsync(StreamReader reader, Channel<string> printed)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            await printed.Writer.WriteAsync(line);
        }
    }

    private static Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0"; // the unprotected one is meant to die
        start.ArgumentList.Add(PathOf("StressHost"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
    }

    private static string PathOf(string name)
    {
        var path = typeof(StressGateTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == name).Value!;
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run make -C native-build build testlib");
    }

    private sealed record StressRun(int ExitCode, string Verdict, List<string> Lines)
    {
        public override string ToString() =>
            $"exit code {ExitCode}, {Verdict}\n{string.Join('\n', Lines.TakeLast(40))}";
    }
}
