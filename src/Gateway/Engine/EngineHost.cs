using Microsoft.Extensions.Options;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;
using StreamGateway.Server;

namespace StreamGateway.Engine;

/// <summary>Owns the one <see cref="RtcEngine"/> of the service: starts it first and stops it last.</summary>
internal sealed class EngineHost(IOptions<EngineOptions> options, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
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
                    LogLevel = options.Value.LogLevel,
                    MaxConcurrentCommands = options.Value.MaxConcurrentCommands,
                    EventCapacity = options.Value.EventCapacity,
                    ShutdownTimeout = options.Value.ShutdownTimeout,
                },
                loggers,
                cancellationToken);
        }
        catch (PluginException failure)
        {
            throw new StartupException($"The native library does not start: {failure.Message}", failure);
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
