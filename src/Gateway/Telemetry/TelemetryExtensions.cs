using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using StreamGateway.Auth;
using StreamGateway.Engine;
using StreamGateway.Server;

namespace StreamGateway.Telemetry;

/// <summary>Metrics at <c>/metrics</c>; metrics and traces by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says so.</summary>
internal static class TelemetryExtensions
{
    private const string ServiceName = "stream-gateway";

    /// <summary>Of one instrument; what comes after is counted in one more.</summary>
    private const int MostSeries = 500;

    public static IServiceCollection AddGatewayTelemetry(this IServiceCollection services) =>
        services
            .AddSingleton<PrometheusExporter>()
            .AddHostedService<TelemetryHost>();

    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", (PrometheusExporter exporter) =>
                TypedResults.Text(exporter.Scrape(), "text/plain; version=0.0.4; charset=utf-8"))
            .WithTags("Operations")
            .WithSummary("Metrics in Prometheus' text format")
            .RequireAuthorization(Scopes.Admin);

    /// <summary>Collects from before the first session until after the last.</summary>
    private sealed class TelemetryHost(
        PrometheusExporter exporter, EngineMetrics engine, ResourceMetrics resources, IConfiguration configuration) : IHostedService
    {
        private MeterProvider? _meters;
        private TracerProvider? _traces;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = (engine, resources); // made here, so that they are observed from the start
            var exports = !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
            var resource = ResourceBuilder.CreateDefault().AddService(ServiceName);
            var meters = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter("StreamGateway.*", "GetStream*", "System.Net.Http", "System.Runtime")
                // Not those of routes and memory pools, nor how many requests run: they cost every request more than they tell.
                .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Diagnostics")
                .AddView("http.server.active_requests", MetricStreamConfiguration.Drop)
                .AddView("http.server.request.duration", new MetricStreamConfiguration
                {
                    TagKeys = ["http.request.method", "http.route", "http.response.status_code", "error.type"],
                    CardinalityLimit = MostSeries,
                })
                .AddReader(new BaseExportingMetricReader(exporter));
            _meters = (exports ? meters.AddOtlpExporter() : meters).Build();
            if (exports)
            {
                _traces = Sdk.CreateTracerProviderBuilder()
                    .SetResourceBuilder(resource)
                    .AddSource("Microsoft.AspNetCore", "System.Net.Http", "GetStream*")
                    .AddOtlpExporter()
                    .Build();
            }

            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            // A host may be stopped twice at once, and the SDK does not take that well.
            Interlocked.Exchange(ref _traces, null)?.Dispose();
            Interlocked.Exchange(ref _meters, null)?.Dispose();
            return Task.CompletedTask;
        }
    }
}
