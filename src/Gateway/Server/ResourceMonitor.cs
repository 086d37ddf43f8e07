using StreamGateway.Connections;
using StreamGateway.Errors;

namespace StreamGateway.Server;

/// <summary>Says no, with a code, while the process is short of what a running one must not be without.</summary>
/// <remarks>Asked before something is taken on that lasts: sessions, event streams, listeners, publications. Safe from any thread.</remarks>
internal sealed class ResourceMonitor(TimeProvider time)
{
    // The last descriptors and bytes are for what is running already.
    private const int SpareDescriptors = 16;
    private const double MemoryFull = 0.9;

    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long _countedAt;
    private int _open;

    /// <value>Open files that the process may have; tests lower it.</value>
    internal int? DescriptorLimit { get; init; } = OpenFiles.Limit;

    /// <value>Reads what the process holds of memory, and what it may hold.</value>
    internal Func<MemoryUse> Memory { get; init; } = MemoryUse.Now;

    /// <summary>Takes <paramref name="descriptors"/> into account until they can be counted.</summary>
    /// <exception cref="ProblemException">There is too little left.</exception>
    public void Require(int descriptors)
    {
        if (Memory() is var memory && memory.Used > memory.Available * MemoryFull)
        {
            throw Short($"The process holds {memory.Used >> 20} of {memory.Available >> 20} MiB of memory.");
        }

        if (DescriptorLimit is { } limit && Reserve(descriptors) is var open && open + SpareDescriptors > limit)
        {
            throw Short($"The process has nearly all of the {limit} open files it may have.");
        }
    }

    /// <summary>How many are open with the new ones.</summary>
    private int Reserve(int descriptors)
    {
        lock (_gate)
        {
            if (_countedAt == 0 || time.GetElapsedTime(_countedAt) > Freshness)
            {
                _open = OpenFiles.Count();
                _countedAt = time.GetTimestamp();
            }

            return _open += descriptors;
        }
    }

    private static ProblemException Short(string detail) =>
        new(ProblemTypes.ResourcesExhausted, detail) { RetryAfter = RetryAfter };
}
