namespace GetStream.Local.Store;

/// <summary>Owns all state of the embedded Stream, in memory.</summary>
internal sealed class StateStore(LocalStreamOptions options)
{
    /// <summary>By user id.</summary>
    public Table<UserState> Users { get; } = new("users", options.MaxUsers);

    /// <summary>By cid.</summary>
    public Table<CallState> Calls { get; } = new("calls", options.MaxCalls);

    /// <summary>By name.</summary>
    public Table<CallTypeState> CallTypes { get; } = new("call types", options.MaxCallTypes);

    /// <summary>By user id and device id.</summary>
    public Table<DeviceState> Devices { get; } = new("devices", options.MaxUsers);

    /// <summary>Rises with every write.</summary>
    public long Version => Users.Version + Calls.Version + CallTypes.Version + Devices.Version;

    public static string DeviceKey(string userId, string deviceId) => $"{userId}\n{deviceId}";
}
