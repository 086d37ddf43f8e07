using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.StressHost;

/// <summary>One run of the recipe.</summary>
internal static class Stress
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static void Fail(string reason)
    {
        Console.Error.WriteLine($"FAILED {reason}");
        Process.GetCurrentProcess().Kill(); // no clean-up that could hang
    }

    /// <param name="options">What to run.</param>
    /// <param name="startSessions">Starts the bots, when the options ask for some.</param>
    public static async Task<int> RunAsync(StressOptions options, Func<StressOptions, Task<ILiveSessions>> startSessions)
    {
        using var children = options.ChildrenFirst ? PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { }) : null;
        var library = new RtcLibrary(options.Library);
        Protect(library, options.Protect);
        await SignalStorm.HearOfChildrenAsync();
        await using var bots = options.Sessions > 0 ? await startSessions(options) : null;
        var clock = Stopwatch.StartNew();
        RunBorder(library, options, clock);
        if (bots is not null)
        {
            await bots.StopAsync();
        }

        Console.WriteLine($"OK {Figures.Text(clock.Elapsed)}");
        return 0;
    }

    private static unsafe void Protect(RtcLibrary library, bool protect)
    {
        var exposed = library.SignalExposed();
        var taken = protect ? library.SignalProtect() : 0;
        Console.WriteLine($"exposed={exposed} protect={taken} exposed_now={library.SignalExposed()}");
        if (exposed == 0 || (protect && (taken != 1 || library.SignalExposed() != 0)))
        {
            Fail("SIGRTMIN should have had SA_ONSTACK, and should have lost it");
        }
    }

    private static unsafe void RunBorder(RtcLibrary library, StressOptions options, Stopwatch clock)
    {
        var handle = library.Start("{\"log_level\":\"trace\",\"max_concurrent_ops\":0}"u8, &Workers.LogLine);
        var workers = new Workers(library, handle);
        var poll = workers.StartPolling();
        for (var i = 0; i < options.Threads.Length; i++)
        {
            var last = i == options.Threads.Length - 1;
            var share = options.Threads.Length == 1 ? 1 : last ? 0.5 : 0.5 / (options.Threads.Length - 1);
            workers.Start(options.Threads[i]);
            var end = clock.Elapsed + TimeSpan.FromSeconds(options.Seconds * share);
            Collector.RunUntil(() => clock.Elapsed >= end, options.Force, Patience);
            if (!workers.Stop(Patience))
            {
                Fail("a calling thread hangs");
            }

            Console.WriteLine($"{options.Threads[i]} threads done: {Figures.Text(clock.Elapsed)}");
        }

        if (library.Shutdown(handle) == 0 || !poll.Join(Patience))
        {
            Fail($"shutdown: {library.LastError}");
        }

        if (options.Sessions == 0 && library.LiveAllocations() != 0)
        {
            Fail($"{library.LiveAllocations()} answers were never freed");
        }
    }
}
