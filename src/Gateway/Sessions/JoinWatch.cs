using StreamGateway.Connections;
using StreamGateway.Idempotency;

namespace StreamGateway.Sessions;

/// <summary>Ends a session whose client went away before it could have learned its id: nobody else could.</summary>
internal static class JoinWatch
{
    // A client that has closed before it read the answer resets the connection when the answer arrives.
    private static readonly TimeSpan AnswerTravels = TimeSpan.FromSeconds(2);

    /// <summary>Waits for the join, and keeps watch until the answer has arrived.</summary>
    /// <exception cref="OperationCanceledException">The client went away; the session leaves.</exception>
    public static async Task WaitAsync(PooledSession session, SessionPool pool, HttpContext context)
    {
        // With a key the client may ask again and be told the same session.
        var asksAgain = IdempotencyFilter.HasKey(context.Request);
        try
        {
            await session.Joined.WaitAsync(context.RequestAborted);
            context.RequestAborted.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException) when (asksAgain)
        {
            // It goes on, and its answer is remembered for the client's next try.
            await session.Joined;
        }
        catch (OperationCanceledException)
        {
            await pool.AbandonAsync(session);
            throw;
        }

        if (!asksAgain)
        {
            var delivery = context.Features.Get<IUnreadAnswerFeature>();
            delivery?.OnReset(AnswerTravels, () => _ = pool.AbandonAsync(session));
            context.Response.OnCompleted(() => context.RequestAborted.IsCancellationRequested ? pool.AbandonAsync(session) : Task.CompletedTask);
        }
    }
}
