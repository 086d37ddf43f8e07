using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace StreamGateway.Server;

/// <summary>Says at start where everything is.</summary>
internal sealed partial class StartupReport(
    IServer server, IHostApplicationLifetime lifetime, ILogger<StartupReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(Write);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Write()
    {
        foreach (var address in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            LogGateway(address);
            LogOpenApi(address);
        }
    }

    [LoggerMessage(7001, LogLevel.Information, "Gateway          {Url}")]
    private partial void LogGateway(string url);

    [LoggerMessage(7002, LogLevel.Information, "API description  {Url}/openapi/v1.json, to try it {Url}/swagger")]
    private partial void LogOpenApi(string url);
}
