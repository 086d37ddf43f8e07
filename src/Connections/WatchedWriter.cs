using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace StreamGateway.Connections;

/// <summary>A connection's output that knows since when its client takes nothing.</summary>
/// <remarks>
/// A flush waits while more than half of the transport's buffer waits for the client. So one that takes a few bytes now and then is
/// as stalled as one that takes none.
/// </remarks>
/// <param name="ending">Called before the server ends the connection, from whichever thread does.</param>
internal sealed class WatchedWriter(PipeWriter inner, Action ending, TimeProvider time) : PipeWriter
{
    private long _waitingSince; // 0 while no flush waits
    private volatile bool _isEnded;

    public TimeSpan WaitingFor =>
        Volatile.Read(ref _waitingSince) is var since and not 0 ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <value>Whether the server ends the connection, or has.</value>
    public bool IsEnded => _isEnded;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <summary>Tells, beforehand, that the server ends the connection.</summary>
    public void End()
    {
        if (!_isEnded)
        {
            ending();
            _isEnded = true;
        }
    }

    public override void Complete(Exception? exception = null)
    {
        End();
        inner.Complete(exception);
    }

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        End();
        return inner.CompleteAsync(exception);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = inner.FlushAsync(cancellationToken);
        return flush.IsCompleted ? flush : WatchAsync(flush);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        var write = inner.WriteAsync(source, cancellationToken);
        return write.IsCompleted ? write : WatchAsync(write);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WatchAsync(ValueTask<FlushResult> flush)
    {
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        try
        {
            return await flush;
        }
        finally
        {
            Volatile.Write(ref _waitingSince, 0);
        }
    }
}
