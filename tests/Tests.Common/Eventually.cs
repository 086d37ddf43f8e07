namespace StreamGateway.Tests;

/// <summary>Waits for what no event tells, by looking again and again.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns the first answer that <paramref name="accept"/> takes; fails with the last one when the time is over.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T>> look, Func<T, bool> accept, TimeSpan? timeout = null)
    {
        using var deadline = new CancellationTokenSource(timeout ?? Timeouts.Default);
        while (true)
        {
            var seen = await look();
            if (accept(seen))
            {
                return seen;
            }

            if (deadline.IsCancellationRequested)
            {
                throw new TimeoutException($"It never came to pass; last seen: {seen}");
            }

            await Task.Delay(Pause);
        }
    }

    public static Task<T> GetAsync<T>(Func<T> look, Func<T, bool> accept, TimeSpan? timeout = null) =>
        GetAsync(() => Task.FromResult(look()), accept, timeout);
}
