using GetStream.Local;
using Microsoft.Extensions.Options;
using StreamGateway.Engine;
using StreamGateway.Native.Rtc;
using StreamGateway.Server;

namespace StreamGateway.Upstream;

/// <summary>Finds the Stream to work with: the configured application, else the embedded one, which it starts and stops.</summary>
internal sealed partial class UpstreamHost(
    StreamConnection connection, EngineHost engine, IOptions<StreamOptions> stream, IOptions<LocalStreamSettings> local,
    ILoggerFactory loggers, ILogger<UpstreamHost> logger) : IHostedService
{
    private LocalStreamServer? _embedded;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (stream.Value.IsConfigured)
        {
            connection.UseConfigured();
            return;
        }

        try
        {
            _embedded = await LocalStreamServer.StartAsync(
                local.Value.ToOptions(), engine.Engine, loggers, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or RtcException or ArgumentException)
        {
            throw new StartupException($"The embedded Stream does not start: {failure.Message}", failure);
        }

        connection.UseEmbedded(
            new Uri(_embedded.Url), new Uri(_embedded.SfuUrl), _embedded.ApiKey, _embedded.ApiSecret);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_embedded is null)
        {
            return;
        }

        try
        {
            await _embedded.DisposeAsync();
        }
        catch (RtcException failure)
        {
            // The engine stops next and ends whatever is left of it.
            LogSlowStop(failure.Message);
        }
    }

    [LoggerMessage(7201, LogLevel.Warning, "The embedded Stream did not stop in order: {Reason}")]
    private partial void LogSlowStop(string reason);
}
