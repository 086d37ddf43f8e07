using System.Diagnostics.Metrics;
using StreamGateway.Connections;

namespace StreamGateway.Server;

/// <summary>Shows how near the process is to what it may have.</summary>
internal sealed class ResourceMetrics
{
    public const string MeterName = "StreamGateway.Resources";

    public ResourceMetrics(IMeterFactory meters, DescriptorBudget budget)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("gateway.open_files", OpenFiles.Count, "{file}", "Files and sockets that are open.");
        meter.CreateObservableGauge("gateway.open_files.limit", () => OpenFiles.Limit ?? 0, "{file}", "Files and sockets there may be; 0 when unknown.");
        meter.CreateObservableGauge("gateway.sessions.limit", () => budget.Sessions, "{session}", "Sessions there may be.");
        meter.CreateObservableGauge("gateway.memory.used", () => MemoryUse.Now().Used, "By", "What the managed heap holds.");
        meter.CreateObservableGauge("gateway.memory.limit", () => MemoryUse.Now().Available, "By", "What the managed heap may hold.");
    }
}
