using StreamGateway.Native.Bundles;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Rtc;

/// <summary>How to start the RTC library. Null means that the native library decides.</summary>
public sealed record RtcEngineOptions
{
    /// <summary>Path of <c>librtc.so</c>; null takes the one beside the program.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Path of a signed bundle to take the library from, instead of <see cref="LibraryPath"/>; needs <see cref="Trust"/>.</summary>
    public string? BundlePath { get; init; }

    /// <summary>Whose signature on the bundle is accepted.</summary>
    public BundleTrust? Trust { get; init; }

    public PluginLogLevel? LogLevel { get; init; }

    /// <summary>Commands that may run at once; further ones are refused and counted. 0 means no limit.</summary>
    public int? MaxConcurrentCommands { get; init; }

    /// <summary>How long a call that waits for its answer may take, from a millisecond to an hour.</summary>
    public TimeSpan? CallTimeout { get; init; }

    /// <summary>Bytes of events the library keeps until they are drained, 4 KiB to 1 GiB; then the oldest are dropped and counted.</summary>
    public int? EventBufferBytes { get; init; }

    /// <summary>How long stopping may take, with leaving every call.</summary>
    public TimeSpan? ShutdownTimeout { get; init; }

    /// <summary>Absolute path of the directory that holds recordings; without it nothing can be recorded.</summary>
    public string? RecordingsDirectory { get; init; }

    /// <summary>Recordings of one session at once, 1 to 100.</summary>
    public int? MaxRecordingsPerSession { get; init; }

    /// <summary>Events of one session (or SFU) kept for a reader that lags; then the oldest are dropped and counted.</summary>
    public int? EventCapacity { get; init; }
}
