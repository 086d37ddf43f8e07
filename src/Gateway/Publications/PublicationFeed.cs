using System.IO.Pipelines;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Publications;

/// <summary>Carries a request body into a publication while it arrives, no faster than the publication takes it.</summary>
internal static class PublicationFeed
{
    /// <summary>Completes when the publication has ended: after its last frame, or because it failed or was stopped.</summary>
    /// <exception cref="OperationCanceledException">The client went away; the publication is closed.</exception>
    public static async Task<PublicationEnded> RunAsync(
        PipeReader body, RtcPublication publication, CancellationToken clientGone)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        var completion = publication.Completion;
        var copying = CopyAsync(body, publication, ended.Token);

        // A publication can end by itself while its body still comes: it was stopped, its bytes are bad, its session is over.
        if (await Task.WhenAny(copying, completion) == completion)
        {
            await ended.CancelAsync();
            await IgnoreAsync(copying);
            return await completion;
        }

        if (copying.IsFaulted && publication.Completion.IsCompleted)
        {
            return await completion;
        }

        await copying;
        return await completion.WaitAsync(clientGone);
    }

    private static async Task CopyAsync(PipeReader body, RtcPublication publication, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer)
            {
                await publication.WriteAsync(segment, cancellationToken);
            }

            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                publication.Complete();
                return;
            }
        }
    }

    private static async Task IgnoreAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception failure) when (failure is OperationCanceledException or RtcException or IOException)
        {
            // What matters has been told by the end of the publication.
        }
    }
}
