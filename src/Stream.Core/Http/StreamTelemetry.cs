using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace GetStream.Http;

/// <summary>Traces and metrics of the client, with the attribute names of OpenTelemetry's HTTP conventions.</summary>
public static class StreamTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "GetStream.Client";

    private static readonly ActivitySource s_source = new(Name);
    private static readonly Meter s_meter = new(Name);

    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>(
        "stream.client.operation.duration", "s", "How long calls of the API took, retries included.");

    private static readonly Counter<long> s_retries = s_meter.CreateCounter<long>(
        "stream.client.retries", "{retry}", "Requests that were sent again.");

    /// <summary>Starts the span of one call; null when nobody listens.</summary>
    internal static Activity? Start(ApiOperation operation, Uri target)
    {
        if (!s_source.HasListeners() || s_source.StartActivity(operation.Id, ActivityKind.Client) is not { } activity)
        {
            return null;
        }

        // The address itself stays out: it carries the API key and ids.
        activity.DisplayName = $"{operation.Method.Method} {operation.Path}";
        return activity
            .SetTag("http.request.method", operation.Method.Method)
            .SetTag("url.template", operation.Path)
            .SetTag("server.address", target.Host)
            .SetTag("server.port", target.Port)
            .SetTag("stream.product", operation.Product);
    }

    internal static void Retried(ApiOperation operation) =>
        s_retries.Add(1, new KeyValuePair<string, object?>("url.template", operation.Path));

    /// <summary>What a failure is called: its status where the API answered, else its kind.</summary>
    internal static string ErrorType(StreamApiException failure) =>
        failure is { Kind: StreamErrorKind.Api, Status: { } status }
            ? status.ToString(CultureInfo.InvariantCulture)
            : failure.Kind.ToString();

    internal static void Stop(
        Activity? activity, ApiOperation operation, Uri target, int? status, string? errorType, TimeSpan elapsed)
    {
        if (activity is not null)
        {
            _ = activity.SetTag("http.response.status_code", status).SetTag("error.type", errorType);
            _ = errorType is null ? activity : activity.SetStatus(ActivityStatusCode.Error);
            activity.Dispose();
        }

        if (s_duration.Enabled)
        {
            var tags = new TagList
            {
                { "http.request.method", operation.Method.Method },
                { "url.template", operation.Path },
                { "server.address", target.Host },
                { "server.port", target.Port },
            };
            AddIfKnown(ref tags, "http.response.status_code", status);
            AddIfKnown(ref tags, "error.type", errorType);
            s_duration.Record(elapsed.TotalSeconds, in tags);
        }
    }

    private static void AddIfKnown(ref TagList tags, string name, object? value)
    {
        if (value is not null)
        {
            tags.Add(name, value);
        }
    }
}
