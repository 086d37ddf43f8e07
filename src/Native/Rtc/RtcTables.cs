namespace StreamGateway.Native.Rtc;

/// <summary>What is alive in the native library right now; all zero (but goroutines) when nothing is in use.</summary>
public sealed record RtcTables
{
    public int Sessions { get; init; }

    public int Sources { get; init; }

    public int Sinks { get; init; }

    public int Sfus { get; init; }

    public int PeerConnections { get; init; }

    /// <summary>Recordings that have not ended.</summary>
    public int Recordings { get; init; }

    /// <summary>Commands that run, the one that asked included or not as the library counts.</summary>
    public int Requests { get; init; }

    /// <summary>Goroutines of the whole process.</summary>
    public int Goroutines { get; init; }

    /// <summary>Events dropped since the start because the host did not drain them.</summary>
    public long EventsDropped { get; init; }

    /// <summary>Bytes of events that wait for the host now.</summary>
    public long EventBytesQueued { get; init; }
}
