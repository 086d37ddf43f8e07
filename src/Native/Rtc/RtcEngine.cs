using Microsoft.Extensions.Logging;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Rtc;

/// <summary>
/// Owns one running instance of the RTC library: its sessions, its SFUs and the thread that drains its events.
/// </summary>
/// <remarks>Safe from any thread. Disposing leaves every call and stops every SFU, within the configured deadline.</remarks>
public sealed class RtcEngine : IAsyncDisposable
{
    private RtcEngine()
    {
    }

    /// <summary>Loads the library, unless it is loaded, and starts an instance.</summary>
    /// <exception cref="PluginException">The library does not load or does not start; the message says why.</exception>
    public static Task<RtcEngine> StartAsync(
        RtcEngineOptions options, ILoggerFactory loggerFactory, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public PluginState State => throw new NotImplementedException();

    /// <summary>Commands refused because too many ran.</summary>
    public ulong RejectedRequestCount => throw new NotImplementedException();

    /// <summary>Version of the native library, such as <c>0.1.0</c>.</summary>
    public string Version => throw new NotImplementedException();

    /// <summary>Blocks of native memory handed out and not yet freed, over all engines of the process.</summary>
    public static ulong LiveAllocations => throw new NotImplementedException();

    public void SetLogLevel(PluginLogLevel level) => throw new NotImplementedException();

    /// <summary>Joins a call; completes once the SFU has accepted the participant.</summary>
    /// <exception cref="RtcException">The join failed; nothing of it is left.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing of the join is left.</exception>
    public Task<RtcSession> JoinAsync(RtcJoinOptions options, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Starts a local SFU; completes once it listens.</summary>
    public Task<RtcSfu> StartSfuAsync(RtcSfuOptions options, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>What is alive in this instance now.</summary>
    public RtcTables ReadTables() => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
