using System.Diagnostics.Metrics;

namespace GetStream.Local.Http;

/// <summary>
/// Names the meters of this server apart from those of the process that holds it, whose figures would tell of both at once.
/// </summary>
internal sealed class OwnMeters : IMeterFactory
{
    private const string Prefix = "Stream.Local/";

    private readonly Lock _gate = new();
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var meter = new Meter(Prefix + options.Name, options.Version, options.Tags, scope: this);
        lock (_gate)
            _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        lock (_gate)
            _meters.ForEach(meter => meter.Dispose());
    }
}
