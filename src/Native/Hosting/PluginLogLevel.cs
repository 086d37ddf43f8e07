namespace StreamGateway.Native.Hosting;

/// <summary>How much a plugin logs. The numbers are the ABI's.</summary>
public enum PluginLogLevel : byte
{
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Off = 5,
}
