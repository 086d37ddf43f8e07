namespace StreamGateway.Tests;

/// <summary>Every wait of a test ends: with what was awaited, or with a failure that says so.</summary>
public static class Timeouts
{
    /// <summary>Longer than anything takes on a busy machine, so that only a hang runs into it.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    public static Task WithTimeout(this Task task, TimeSpan? timeout = null) => task.WaitAsync(timeout ?? Default);

    public static Task<T> WithTimeout<T>(this Task<T> task, TimeSpan? timeout = null) => task.WaitAsync(timeout ?? Default);

    public static Task<T> WithTimeout<T>(this ValueTask<T> task, TimeSpan? timeout = null) =>
        task.AsTask().WaitAsync(timeout ?? Default);
}
