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
    public async Task Leave_OnAnotherThread_Counts()
    {
        var gate = new CallGate();
        Assert.True(gate.TryEnter(out var counter));
        Assert.Equal((1, 1), (gate.Inside, gate.Total));

        await Task.Factory.StartNew(() => gate.Leave(counter), TaskCreationOptions.LongRunning).Soon();

        Assert.Equal((0, 1), (gate.Inside, gate.Total));
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
