using System.Threading.Tasks.Sources;

namespace StreamGateway.Native.Rtc;

/// <summary>Lets one waiter at a time wait for a wake-up, over and over, without allocating.</summary>
/// <remarks>
/// A wake-up that nobody waits for is kept, once. Any thread may wake; continuations never run on the waking thread.
/// Idle → Set → Idle when the wake-up comes first; Idle → Waiting → Idle when the waiter does.
/// </remarks>
internal sealed class AsyncSignal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Set = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private int _state;

    internal void Wake()
    {
        while (true)
        {
            switch (Volatile.Read(ref _state))
            {
                case Idle when Interlocked.CompareExchange(ref _state, Set, Idle) == Idle:
                case Set:
                    return;
                case Waiting when Interlocked.CompareExchange(ref _state, Idle, Waiting) == Waiting:
                    _core.SetResult(true);
                    return;
            }
        }
    }

    /// <exception cref="InvalidOperationException">Someone else waits already.</exception>
    internal ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Set) == Set)
        {
            return ValueTask.CompletedTask;
        }

        if (Volatile.Read(ref _state) == Waiting)
        {
            throw new InvalidOperationException("Another read or write of this object is still waiting.");
        }

        _core.Reset();
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static signal => ((AsyncSignal)signal!).Cancel(), this);
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) != Idle)
        {
            // A wake-up came in between.
            _registration.Dispose();
            Volatile.Write(ref _state, Idle);
            return ValueTask.CompletedTask;
        }

        // A cancellation before the step to Waiting found nobody to cancel.
        if (cancellationToken.IsCancellationRequested)
        {
            Cancel();
        }

        return new ValueTask(this, _core.Version);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _registration.Dispose();
        _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Waiting) == Waiting)
        {
            _core.SetException(new OperationCanceledException(_cancellationToken));
        }
    }
}
