using StreamGateway.Native.Interop;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class CallGateTests
{
    [Fact]
    public async Task Drained_AfterClosing_WaitsForTheLastCall()
    {
        var gate = new CallGate();
        Assert.True(gate.TryEnter(out var first));
        Assert.True(gate.TryEnter(out var second));

        gate.Close();
        gate.Leave(first);
        Assert.False(gate.Drained.IsCompleted);
        gate.Leave(second);

        await gate.Drained.Soon();
    }

    [Fact]
    public async Task Drained_OnAnEmptyGate_ComesWithClosing()
    {
        var gate = new CallGate();
        Assert.False(gate.Drained.IsCompleted);

        gate.Close();

        await gate.Drained.Soon();
    }

    [Fact]
    public void Enter_AfterClosing_IsRefusedAndNotCounted()
    {
        var gate = new CallGate();
        gate.Close();

        Assert.False(gate.TryEnter(out _));

        Assert.Equal((0, 0), (gate.Inside, gate.Total));
    }

    [Fact]
    public async Task Leave_OfASharedCallOnAnotherThread_Counts()
    {
        var gate = new CallGate();
        Assert.True(gate.TryEnterShared(out var counter));
        Assert.Equal((1, 1), (gate.Inside, gate.Total));

        await Task.Factory.StartNew(() => gate.Leave(counter), TaskCreationOptions.LongRunning).Soon();

        Assert.Equal((0, 1), (gate.Inside, gate.Total));
    }

    [Fact]
    public async Task Enter_OnMoreThreadsThanThereAreNumbers_CountsThemAll()
    {
        const int CallsEach = 100;
        var threads = 2 * ThreadNumber.Max;
        var gate = new CallGate();
        using var allThere = new Barrier(threads);

        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                allThere.SignalAndWait();
                for (var i = 0; i < CallsEach; i++)
                {
                    Assert.True(gate.TryEnter(out var counter));
                    gate.Leave(counter);
                }
            },
            TaskCreationOptions.LongRunning))).Soon();

        Assert.Equal((0L, (long)threads * CallsEach), (gate.Inside, gate.Total));
    }

    [Fact]
    public void ThreadNumbers_OfThreadsThatEnded_AreGivenOutAgain()
    {
        for (var i = 0; i < 4 * ThreadNumber.Max; i++)
        {
            var number = 0;
            var thread = new Thread(() => number = ThreadNumber.Current);
            thread.Start();
            thread.Join();
            Assert.InRange(number, 0, ThreadNumber.Max);
        }

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                var number = 0;
                var thread = new Thread(() => number = ThreadNumber.Current);
                thread.Start();
                thread.Join();
                return number > 0;
            },
            Deadlines.Wait));
    }

    [Fact]
    public void ThreadNumber_IsOfOneThreadAtATime()
    {
        using var allThere = new Barrier(ThreadNumber.Max);
        var numbers = new int[ThreadNumber.Max];
        var threads = Enumerable.Range(0, numbers.Length).Select(i => new Thread(() =>
        {
            numbers[i] = ThreadNumber.Current;
            allThere.SignalAndWait();
        })).ToList();

        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var own = numbers.Where(number => number > 0).ToList();
        Assert.Equal(own.Count, own.Distinct().Count());
    }

    [Fact]
    public async Task Close_RacingCalls_DrainsOnlyWhenNobodyIsInside()
    {
        for (var round = 0; round < 200; round++)
        {
            var gate = new CallGate();
            var inside = 0;
            using var start = new Barrier(5);
            var callers = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    var calls = 0;
                    while (gate.TryEnter(out var counter))
                    {
                        Interlocked.Increment(ref inside);
                        Thread.SpinWait(10);
                        Interlocked.Decrement(ref inside);
                        gate.Leave(counter);
                        calls++;
                    }

                    return calls;
                },
                TaskCreationOptions.LongRunning)).ToArray();

            start.SignalAndWait();
            Thread.SpinWait(1000);
            gate.Close();
            await gate.Drained.Soon();
            Assert.Equal(0, Volatile.Read(ref inside));

            var counts = await Task.WhenAll(callers).Soon();
            Assert.Equal((0L, counts.Sum()), (gate.Inside, gate.Total));
        }
    }
}
