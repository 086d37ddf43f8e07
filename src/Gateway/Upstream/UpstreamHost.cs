using GetStream.Local;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using StreamGateway.Engine;
using StreamGateway.Native.Rtc;
using StreamGateway.Server;

namespace StreamGateway.Upstream;

/// <summary>Finds the Stream to work with: the configured application, else the embedded one, which it starts and stops.</summary>
internal sealed partial class UpstreamHost(
    StreamConnection connection, EngineHost engine, IOptions<StreamOptions> stream, IOptions<LocalStreamSettings> local,
    DescriptorBudget descriptors, ILoggerFactory loggers, ILogger<UpstreamHost> logger) : IHostedService
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
                local.Value.ToOptions(descriptors.EmbeddedConnections), engine.Engine, loggers, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or RtcException or ArgumentException)
        {
            throw new StartupException($"The embedded Stream does not start: {Explain(failure)}", failure);
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

    /// <summary>Says which setting to look at; the library knows them by other names.</summary>
    private static string Explain(Exception failure) => failure switch
    {
        ArgumentException => $"{LocalStreamSettings.Section}:{failure.Message}",
        IOException { InnerException: AddressInUseException } => $"{failure.Message} LocalStream:Port names another port.",
        IOException => $"LocalStream:DataFile cannot be used: {failure.Message}",
        RtcException when failure.Message.Contains("media_relay", StringComparison.Ordinal) => $"LocalStream:SfuMediaRelay: {failure.Message}",
        RtcException when failure.Message.Contains("signaling", StringComparison.Ordinal) => $"{failure.Message}; LocalStream:SfuPort names another port.",
        RtcException when failure.Message.Contains("media", StringComparison.Ordinal) => $"{failure.Message}; LocalStream:SfuMediaPort names another port.",
        _ => failure.Message,
    };

    [LoggerMessage(7201, LogLevel.Warning, "The embedded Stream did not stop in order: {Reason}")]
    private partial void LogSlowStop(string reason);
}
