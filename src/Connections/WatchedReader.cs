using System.IO.Pipelines;

namespace StreamGateway.Connections;

/// <summary>A connection's input that tells how it ended, when somebody wants to know.</summary>
/// <param name="isWatched">Asked for each read; one that nobody watches costs nothing more.</param>
/// <param name="ended">Called with the failure, or null for a goodbye, before the server hears of it and closes the socket.</param>
internal sealed class WatchedReader(PipeReader inner, Func<bool> isWatched, Func<Exception?, Task> ended) : PipeReader
{
    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        Look();
        inner.Complete(exception);
    }

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        Look();
        return inner.CompleteAsync(exception);
    }

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        isWatched() ? WatchAsync(cancellationToken) : inner.ReadAsync(cancellationToken);

    /// <summary>A server that has been told already reads no more: this looks for it.</summary>
    private void Look()
    {
        if (!isWatched())
        {
            return;
        }

        try
        {
            if (inner.TryRead(out var read) && read.IsCompleted)
            {
                _ = ended(null);
            }
        }
        catch (IOException failure)
        {
            _ = ended(failure);
        }
        catch (InvalidOperationException)
        {
            // A read was under way or is not advanced: it tells.
        }
    }

    private async ValueTask<ReadResult> WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            var read = await inner.ReadAsync(cancellationToken);
            if (read is { IsCompleted: true, Buffer.IsEmpty: true })
            {
                await ended(null);
            }

            return read;
        }
        catch (IOException failure)
        {
            await ended(failure);
            throw;
        }
    }
}
