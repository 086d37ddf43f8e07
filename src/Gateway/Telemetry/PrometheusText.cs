using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace StreamGateway.Telemetry;

/// <summary>Writes one metric in Prometheus' text format.</summary>
internal static class PrometheusText
{
    public static void Append(StringBuilder text, Metric metric)
    {
        var (kind, suffix) = KindOf(metric.MetricType);
        var name = NameOf(metric.Name, metric.Unit) + suffix;
        text.Append("# HELP ").Append(name).Append(' ').Append(EscapeHelp(metric.Description)).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (metric.MetricType == MetricType.Histogram)
            {
                AppendHistogram(text, name, point);
            }
            else
            {
                AppendSample(text, name, LabelsOf(point), ValueOf(metric.MetricType, point));
            }
        }
    }

    private static (string Kind, string Suffix) KindOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => ("counter", "_total"),
        MetricType.Histogram => ("histogram", ""),
        _ => ("gauge", ""),
    };

    private static double ValueOf(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
        _ => double.NaN,
    };

    private static void AppendHistogram(StringBuilder text, string name, in MetricPoint point)
    {
        var labels = LabelsOf(point);
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : Format(bucket.ExplicitBound);
            var le = $"le=\"{bound}\"";
            AppendSample(text, name + "_bucket", labels.Length == 0 ? le : $"{labels},{le}", count);
        }

        AppendSample(text, name + "_sum", labels, point.GetHistogramSum());
        AppendSample(text, name + "_count", labels, point.GetHistogramCount());
    }

    private static void AppendSample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Format(value)).Append('\n');
    }

    private static string LabelsOf(in MetricPoint point)
    {
        var labels = new StringBuilder();
        foreach (var tag in point.Tags)
        {
            labels.Append(labels.Length == 0 ? "" : ",").Append(Sanitize(tag.Key)).Append("=\"")
                .Append(EscapeLabel(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "")).Append('"');
        }

        return labels.ToString();
    }

    /// <summary>Prometheus names carry their unit, spelled out.</summary>
    private static string NameOf(string name, string unit)
    {
        var suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            _ => "",
        };
        return Sanitize(name) + suffix;
    }

    private static string Sanitize(string name) =>
        string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private static string EscapeHelp(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeLabel(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Format(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
