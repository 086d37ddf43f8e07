using StreamGateway.Native.Rtc;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class AsyncSignalTests
{
    private readonly AsyncSignal _signal = new();

    [Fact]
    public async Task Wake_Before_IsKeptOnce()
    {
        _signal.Wake();
        _signal.Wake();

        await _signal.WaitAsync(default).Soon();
        var second = _signal.WaitAsync(default);

        Assert.False(second.IsCompleted);
        _signal.Wake();
        await second.Soon();
    }

    [Fact]
    public async Task Wake_WhileWaiting_EndsTheWait()
    {
        var wait = _signal.WaitAsync(default);
        Assert.False(wait.IsCompleted);

        _signal.Wake();

        await wait.Soon();
    }

    [Fact]
    public async Task Cancel_WhileWaiting_EndsTheWaitAndNoOther()
    {
        using var cancellation = new CancellationTokenSource();
        var wait = _signal.WaitAsync(cancellation.Token);

        await cancellation.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.Soon());
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        var next = _signal.WaitAsync(default);
        Assert.False(next.IsCompleted);
        _signal.Wake();
        await next.Soon();
    }

    [Fact]
    public async Task Cancelled_Before_EndsAtOnce() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _signal.WaitAsync(new CancellationToken(true)).Soon());

    [Fact]
    public async Task SecondWaiter_IsRefused()
    {
        var first = _signal.WaitAsync(default);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _signal.WaitAsync(default));

        _signal.Wake();
        await first.Soon();
    }

    [Fact]
    public async Task WakesAndCancellationsRacing_NoneIsLostOrDouble()
    {
        const int Rounds = 20_000;
        using var stop = new CancellationTokenSource();
        var waker = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _signal.Wake();
            }
        });

        var cancelled = 0;
        for (var i = 0; i < Rounds; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var cancelling = i % 8 == 0 ? Task.Run(cancellation.Cancel) : Task.CompletedTask;
            try
            {
                await _signal.WaitAsync(cancellation.Token).Soon();
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }

            await cancelling;
        }

        await stop.CancelAsync();
        await waker.Soon();
        Assert.InRange(cancelled, 0, Rounds / 8);
    }

    [Fact]
    public async Task Waiting_AllocatesNothing()
    {
        for (var i = 0; i < 100; i++)
        {
            await WaitAndWake();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            await WaitAndWake();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        ValueTask WaitAndWake()
        {
            var wait = _signal.WaitAsync(default);
            _signal.Wake();
            return wait;
        }
    }
}
