using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using StreamGateway.Upstream;

namespace StreamGateway.Server;

/// <summary>Says at start where everything is.</summary>
internal sealed partial class StartupReport(
    IServer server, StreamConnection stream, DescriptorBudget descriptors, IHostApplicationLifetime lifetime,
    ILogger<StartupReport> logger)
    : IHostedService
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

        if (stream.SfuUrl is { } sfuUrl)
        {
            LogEmbeddedStream(stream.Options.BaseUrl, stream.Options.ApiKey);
            LogEmbeddedSfu(sfuUrl);
        }
        else
        {
            LogStream(stream.Options.BaseUrl, stream.Options.ApiKey);
        }

        if (descriptors.Shortage() is { } shortage)
        {
            LogShortage(shortage);
        }
    }

    [LoggerMessage(7006, LogLevel.Warning, "{Shortage}")]
    private partial void LogShortage(string shortage);

    [LoggerMessage(7001, LogLevel.Information, "Gateway          {Url}")]
    private partial void LogGateway(string url);

    [LoggerMessage(7002, LogLevel.Information, "API description  {Url}/openapi/v1.json, to try it {Url}/swagger")]
    private partial void LogOpenApi(string url);

    [LoggerMessage(7003, LogLevel.Information, "Embedded Stream  {Url} with API key {ApiKey}")]
    private partial void LogEmbeddedStream(Uri url, string apiKey);

    [LoggerMessage(7004, LogLevel.Information, "Stream           {Url} with API key {ApiKey}")]
    private partial void LogStream(Uri url, string apiKey);

    [LoggerMessage(7005, LogLevel.Information, "Embedded SFU     {Url}")]
    private partial void LogEmbeddedSfu(Uri url);
}
