using Microsoft.Extensions.Options;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;
using StreamGateway.Recordings;
using StreamGateway.Server;

namespace StreamGateway.Engine;

/// <summary>Owns the one <see cref="RtcEngine"/> of the service: starts it first and stops it last.</summary>
internal sealed class EngineHost(
    IOptions<EngineOptions> options, IOptions<RecordingsOptions> recordings, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    private RtcEngine? _engine;

    /// <exception cref="InvalidOperationException">The service has not started, or has stopped.</exception>
    public RtcEngine Engine => _engine ?? throw new InvalidOperationException("The native engine is not running.");

    /// <value>Null when the engine is not running.</value>
    public RtcEngine? Running => _engine;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _engine = await RtcEngine.StartAsync(
                new RtcEngineOptions
                {
                    LibraryPath = options.Value.LibraryPath,
                    BundlePath = options.Value.BundlePath,
                    Trust = Trust(options.Value),
                    LogLevel = options.Value.LogLevel,
                    MaxConcurrentCommands = options.Value.MaxConcurrentCommands,
                    EventCapacity = options.Value.EventCapacity,
                    RecordingsDirectory = recordings.Value.FullDirectory,
                    MaxRecordingsPerSession = recordings.Value.MaxPerSession,
                    ShutdownTimeout = options.Value.ShutdownTimeout,
                },
                loggers,
                cancellationToken);
        }
        catch (PluginException failure)
        {
            throw new StartupException($"The native library does not start: {failure.Message}", failure);
        }
        catch (BundleException refused)
        {
            throw new StartupException($"The bundle {options.Value.BundlePath} is refused ({refused.Error}): {refused.Message}", refused);
        }
    }

    private static BundleTrust? Trust(EngineOptions options)
    {
        if (options.BundlePath is null)
        {
            return null;
        }

        if (options is { LibraryPath: not null } or { BundlePublicKey: null or "" })
        {
            throw new StartupException("Native:BundlePath needs Native:BundlePublicKey, and no Native:LibraryPath beside it.");
        }

        try
        {
            var key = File.Exists(options.BundlePublicKey) ? File.ReadAllText(options.BundlePublicKey) : options.BundlePublicKey;
            return BundleTrust.Keys(MinisignPublicKey.Parse(key));
        }
        catch (Exception unreadable) when (unreadable is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"Native:BundlePublicKey is no minisign public key: {unreadable.Message}", unreadable);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _engine, null) is { } engine)
        {
            await engine.DisposeAsync();
        }
    }
}
