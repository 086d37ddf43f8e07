namespace StreamGateway.Native.Hosting;

/// <summary>Where a plugin instance is in its life. Only <see cref="Active"/> serves requests.</summary>
/// <remarks>Installed → Starting → Active → Stopping → Stopped; any of the first four → Failed. The numbers are the ABI's.</remarks>
public enum PluginState : byte
{
    Installed = 0,
    Starting = 1,
    Active = 2,
    Stopping = 3,
    Stopped = 4,
    Failed = 5,
}
