namespace StreamGateway.Tests;

/// <summary>Not beside others: .NET's meters are the process's, so the figures of other gateways would show in these.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class MetricsCollection
{
    public const string Name = "Metrics";
}
