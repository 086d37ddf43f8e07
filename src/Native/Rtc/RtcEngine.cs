using System.Text.Json;
using Microsoft.Extensions.Logging;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Rtc;

/// <summary>
/// Owns one running instance of the RTC library: its sessions, its SFUs and the thread that drains its events.
/// </summary>
/// <remarks>Safe from any thread. Disposing leaves every call and stops every SFU, within the configured deadline.</remarks>
public sealed class RtcEngine : IAsyncDisposable
{
    private const string LibraryName = "librtc.so";
    private const int DefaultEventCapacity = 4096;
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    private readonly Plugin _plugin;
    private readonly PendingCommands _pending = new();
    private readonly RtcBorder _border;
    private readonly RtcDispatcher _dispatcher;
    private readonly RtcPollThread _poll;

    private RtcEngine(Plugin plugin, RtcEngineOptions options, ILoggerFactory loggers)
    {
        _plugin = plugin;
        _border = new RtcBorder(plugin.Image.Rtc, plugin.Handle.Instance);
        _dispatcher = new RtcDispatcher(_pending, options.EventCapacity ?? DefaultEventCapacity);
        _poll = new RtcPollThread(_border, _dispatcher, loggers.CreateLogger<RtcEngine>());
        Commands = new RtcCommands(plugin, _pending);
    }

    public PluginState State => _plugin.State;

    /// <summary>Commands refused because too many ran.</summary>
    public ulong RejectedRequestCount => _plugin.RejectedRequestCount;

    /// <summary>Calls and commands given to the library since the start.</summary>
    public long CallCount => _plugin.CallCount;

    /// <summary>Commands whose answer has not come yet.</summary>
    public int PendingCommandCount => _pending.Count;

    /// <summary>Version of the native library, such as <c>0.1.0</c>.</summary>
    public string Version => _border.Version;

    /// <summary>Blocks of native memory handed out and not yet freed, over all engines of the process.</summary>
    public static ulong LiveAllocations => PluginImage.LoadedRtc?.LiveAllocations ?? 0;

    internal RtcCommands Commands { get; }

    internal RtcBorder Border => _border;

    internal RtcDispatcher Dispatcher => _dispatcher;

    /// <summary>Loads the library, unless it is loaded, and starts an instance.</summary>
    /// <exception cref="PluginException">The library does not load or does not start; the message says why.</exception>
    /// <exception cref="BundleException">The bundle is refused; nothing of it was written or run.</exception>
    public static Task<RtcEngine> StartAsync(
        RtcEngineOptions options, ILoggerFactory loggerFactory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EventCapacity ?? DefaultEventCapacity, 1, nameof(options.EventCapacity));

        // Loading reads a file of some 10 MB and starts another runtime.
        return Task.Run(() => Start(options, loggerFactory), cancellationToken);
    }

    /// <summary>Joins a call; completes once the SFU has accepted the participant.</summary>
    /// <exception cref="RtcException">The join failed; nothing of it is left.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing of the join is left.</exception>
    public Task<RtcSession> JoinAsync(RtcJoinOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Commands.SendAsync(
            "rtc.join", options, RtcJson.Default.RtcJoinOptions, payload => RtcSession.Open(this, payload), cancellationToken);
    }

    /// <summary>Starts a local SFU; completes once it listens.</summary>
    /// <exception cref="RtcException">It could not start, for example because an address is taken.</exception>
    public Task<RtcSfu> StartSfuAsync(RtcSfuOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Commands.SendAsync(
            "sfu.start", options, RtcJson.Default.RtcSfuOptions, payload => RtcSfu.Open(this, payload), cancellationToken);
    }

    /// <summary>Lists recordings on the disk, those of processes that are gone included.</summary>
    /// <exception cref="RtcException"><see cref="RtcError.RecordingOff"/>, or the disk cannot be read.</exception>
    public Task<RtcRecordingPage> ListRecordingsAsync(RtcRecordingQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Commands.SendAsync(
            "rtc.recordings", new RecordingsRequest(null, query.Folder, query.All, query.Owner, null, query.Before, query.After, query.Limit),
            RtcJson.Default.RecordingsRequest, RtcJson.Default.RtcRecordingPage, cancellationToken);
    }

    /// <exception cref="RtcException"><see cref="RtcError.RecordingNotFound"/> and those of <see cref="ListRecordingsAsync"/>.</exception>
    public async Task<RtcRecording> GetRecordingAsync(string? folder, string recordingId, CancellationToken cancellationToken = default)
    {
        var answer = await Commands.SendAsync(
            "rtc.recordings", new RecordingsRequest(null, folder, false, null, recordingId, null, null, null),
            RtcJson.Default.RecordingsRequest, RtcJson.Default.RtcRecordingPage, cancellationToken).ConfigureAwait(false);
        return answer.Recordings[0];
    }

    /// <summary>Deletes a recording that is over, with its files.</summary>
    public Task RemoveRecordingAsync(string? folder, string recordingId, CancellationToken cancellationToken = default) =>
        Commands.SendAsync(
            "rtc.record.remove", new RemoveRecordingRequest(folder, recordingId), RtcJson.Default.RemoveRecordingRequest, cancellationToken);

    /// <summary>What is alive in this instance now.</summary>
    public RtcTables ReadTables() =>
        _plugin.Call("rtc.tables", new NoArguments(), RtcJson.Default.NoArguments, RtcJson.Default.RtcTables)!;

    /// <summary>How much the library logs for this instance. Changes at once.</summary>
    public PluginLogLevel LogLevel
    {
        get => _plugin.LogLevel;
        set => _plugin.LogLevel = value;
    }

    public async ValueTask DisposeAsync()
    {
        await _plugin.DisposeAsync().ConfigureAwait(false);
        await _poll.Ended.WaitAsync(DrainTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static RtcEngine Start(RtcEngineOptions options, ILoggerFactory loggers)
    {
        var plugin = NativePluginLoader.Start(FindLibrary(options), Configure(options), loggers);
        try
        {
            var engine = new RtcEngine(plugin, options, loggers);
            engine._poll.Start();
            return engine;
        }
        catch
        {
            plugin.Dispose();
            throw;
        }
    }

    private static string FindLibrary(RtcEngineOptions options)
    {
        if (options.BundlePath is { } bundlePath)
        {
            var trust = options.Trust ?? throw new ArgumentException("A bundle needs a key to trust.", nameof(options));
            using var bundle = PluginBundle.Open(bundlePath, trust);
            return bundle.ExtractLibrary();
        }

        var path = options.LibraryPath ?? Path.Combine(AppContext.BaseDirectory, LibraryName);
        return options.LibraryPath is not null || File.Exists(path)
            ? path
            : throw new PluginException(
                PluginErrorCode.InitializationFailed, $"{path} is missing: build it with 'make -C native-build build', then build again.");
    }

    private static PluginConfig Configure(RtcEngineOptions options) => new()
    {
        LogLevel = options.LogLevel,
        MaxConcurrentOps = options.MaxConcurrentCommands,
        ShutdownTimeout = options.ShutdownTimeout,
        Data = JsonSerializer.SerializeToElement(
            new EngineData(
                (long?)options.CallTimeout?.TotalMilliseconds,
                options.EventBufferBytes,
                options.RecordingsDirectory is { } directory ? new RecordingsData(directory, options.MaxRecordingsPerSession) : null),
            RtcJson.Default.EngineData),
    };
}
