namespace StreamGateway.Native.Tests.Support;

/// <summary>How long a test waits for what must happen soon, on a busy machine.</summary>
internal static class Deadlines
{
    internal static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Wait);

    internal static Task Soon(this Task task) => task.WaitAsync(Wait);

    internal static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Wait);

    internal static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Wait);
}
