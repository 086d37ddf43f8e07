using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

// Plugins share process-wide state: log level, counters, the tables of calls in flight.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
