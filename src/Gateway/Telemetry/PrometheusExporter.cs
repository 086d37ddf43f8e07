using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace StreamGateway.Telemetry;

/// <summary>
/// Gives what the OpenTelemetry SDK has measured as Prometheus text (exposition format 0.0.4), when it is asked for.
/// </summary>
/// <remarks>OpenTelemetry's own exporter for this has never left preview.</remarks>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private const int CollectTimeoutMilliseconds = 2_000;

    private readonly Lock _gate = new();
    private string _text = "";

    public Func<int, bool>? Collect { get; set; }

    /// <summary>The state of every instrument now.</summary>
    public string Scrape()
    {
        lock (_gate)
        {
            Collect?.Invoke(CollectTimeoutMilliseconds);
            return _text;
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var text = new StringBuilder();
        foreach (var metric in batch)
        {
            PrometheusText.Append(text, metric);
        }

        _text = text.ToString();
        return ExportResult.Success;
    }
}
