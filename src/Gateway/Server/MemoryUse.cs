namespace StreamGateway.Server;

/// <summary>What the garbage collector's heap holds and may hold: its own limit, or the container's or the machine's memory.</summary>
internal readonly record struct MemoryUse(long Used, long Available)
{
    public static MemoryUse Now() => new(GC.GetTotalMemory(forceFullCollection: false), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
}
