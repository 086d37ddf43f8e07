using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.StressHost;

/// <summary>Calls without end through our host, while levels change, instances come and go, and disposals race.</summary>
internal static class Soak
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(SoakOptions options)
    {
        using var loggers = new CountingLoggers();
        var instances = new SoakInstances(options, loggers);
        instances.Start();
        await SignalStorm.HearOfChildrenAsync();
        var clock = Stopwatch.StartNew();
        bool IsOver() => Interlocked.Read(ref Figures.Calls) >= options.Calls;
        List<Thread> threads = [Start("levels", () => instances.ChangeLevels(IsOver)), Start("instances", () => instances.ComeAndGo(IsOver))];
        for (var i = 0; i < options.Threads; i++)
        {
            threads.Add(Start($"caller {i}", new SoakCaller(instances, options, i).Run));
        }

        Collector.RunUntil(IsOver, options.Force, Patience);
        if (!threads.All(thread => thread.Join(Patience)))
        {
            Stress.Fail("a thread hangs");
        }

        var ended = await instances.EndAllAsync().WaitAsync(Patience);
        Check(options, ended);
        Console.WriteLine($"OK {Figures.Text(clock.Elapsed)}");
        return 0;
    }

    private static void Check(SoakOptions options, bool[] ended)
    {
        if (!ended.All(clean => clean))
        {
            Stress.Fail($"{ended.Count(clean => !clean)} of {ended.Length} instances did not stop cleanly");
        }

        Expect(0, ReadCounter(options.Plugin, "test_live_allocations"));
        if (options.Library is { } library)
        {
            Expect(0, ReadCounter(library, "rtc_live_allocations"));
        }
    }

    private static void Expect(long wanted, long found)
    {
        Console.WriteLine($"live_allocations={found}");
        if (wanted != found)
        {
            Stress.Fail($"{found} native allocations were never freed");
        }
    }

    private static unsafe long ReadCounter(string path, string export) =>
        ((delegate* unmanaged[Cdecl]<long>)NativeLibrary.GetExport(NativeLibrary.Load(path), export))();

    private static Thread Start(string name, Action run)
    {
        var thread = new Thread(() => run()) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }
}
