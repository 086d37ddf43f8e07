using System.Diagnostics;

namespace StreamGateway.Native.StressHost;

/// <summary>Collects without pause, mostly the youngest generation, and fails when the calls stand still.</summary>
/// <remarks>Prints a line now and then: who watches this process takes silence for a hang.</remarks>
internal static class Collector
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);

    /// <param name="isOver">Asked between two collections.</param>
    /// <param name="force">Sends the suspension signal to every managed thread as well.</param>
    /// <param name="patience">How long no call may come back.</param>
    public static void RunUntil(Func<bool> isOver, bool force, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        var progressAt = TimeSpan.Zero;
        var printedAt = TimeSpan.Zero;
        var calls = Interlocked.Read(ref Figures.Calls);
        for (var round = 0; !isOver(); round++)
        {
            GC.Collect(round % 100 == 99 ? 2 : 0);
            Interlocked.Increment(ref Figures.Collections);
            if (force)
            {
                if (round % 1000 == 0)
                {
                    SignalStorm.RegisterRuntimeThreads();
                }

                SignalStorm.Send();
            }

            if (clock.Elapsed - printedAt > Heartbeat)
            {
                printedAt = clock.Elapsed;
                Console.WriteLine(Figures.Text(clock.Elapsed));
            }

            Thread.Yield();
            var now = Interlocked.Read(ref Figures.Calls);
            if (now != calls)
            {
                (calls, progressAt) = (now, clock.Elapsed);
            }
            else if (clock.Elapsed - progressAt > patience)
            {
                Stress.Fail("no call came back");
            }
        }
    }
}
