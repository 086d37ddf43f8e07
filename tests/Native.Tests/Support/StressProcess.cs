using System.Diagnostics;
using System.Reflection;
using System.Threading.Channels;

namespace StreamGateway.Native.Tests.Support;

/// <summary>A run of the stress host, in a process of its own: its death must not be the tests'.</summary>
internal sealed record StressProcess(int ExitCode, string Verdict, IReadOnlyList<string> Lines)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30); // of a program that prints every 2 s

    /// <summary>Path of librtctest.so.</summary>
    internal static string TestLibrary => PathOf("TestLibrary");

    /// <summary>The last line of a run that went well.</summary>
    internal string Figures => Assert.Single(Lines, line => line.StartsWith("OK ", StringComparison.Ordinal));

    /// <summary>Runs the host until it ends, is silent too long, or takes too long; then it is killed.</summary>
    internal static async Task<StressProcess> RunAsync(TimeSpan limit, params string[] arguments)
    {
        using var process = Start(arguments);
        var printed = Channel.CreateUnbounded<string>();
        var readers = Task.WhenAll(ForwardAsync(process.StandardOutput, printed), ForwardAsync(process.StandardError, printed));
        _ = readers.ContinueWith(_ => printed.Writer.Complete(), TaskScheduler.Default);

        var lines = new List<string>();
        var verdict = await WatchAsync(printed.Reader, lines, limit);
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync().WaitAsync(Deadlines.Wait);
        return new StressProcess(verdict is null ? process.ExitCode : -1, verdict ?? "ended", lines);
    }

    /// <summary>Each of these happened at least once.</summary>
    internal void AssertHappened(params string[] figures)
    {
        Assert.True(ExitCode == 0, ToString());
        foreach (var figure in figures)
        {
            Assert.Contains($" {figure}=", Figures, StringComparison.Ordinal);
            Assert.DoesNotContain($" {figure}=0 ", Figures + " ", StringComparison.Ordinal);
        }
    }

    public override string ToString() => $"exit code {ExitCode}, {Verdict}\n{string.Join('\n', Lines.TakeLast(40))}";

    /// <summary>Null when the program closed its output, else why it is to be killed.</summary>
    private static async Task<string?> WatchAsync(ChannelReader<string> printed, List<string> lines, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
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
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0"; // some are meant to die
        start.ArgumentList.Add(PathOf("StressHost"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
    }

    private static string PathOf(string name)
    {
        var path = typeof(StressProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == name).Value!;
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run make -C native-build build testlib");
    }
}
