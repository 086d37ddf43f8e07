namespace GetStream.Local.Store;

/// <summary>Owns all state of the embedded Stream, in memory.</summary>
internal sealed class StateStore(LocalStreamOptions options)
{
    private const string TheApplication = "";
    private const int MaxUserGroups = 10_000;
    private const int MaxRoles = 1_000;
    private const int MaxTasks = 1_000;
    private const int MaxFeedback = 10_000;
    private const int MaxPastSessions = 10_000;

    private static readonly AppState s_untouched = new();

    private readonly Table<AppState> _app = new("applications", 1);

    /// <summary>By user id.</summary>
    public Table<UserState> Users { get; } = new("users", options.MaxUsers);

    /// <summary>By cid.</summary>
    public Table<CallState> Calls { get; } = new("calls", options.MaxCalls);

    /// <summary>By name.</summary>
    public Table<CallTypeState> CallTypes { get; } = new("call types", options.MaxCallTypes);

    /// <summary>By user id and device id.</summary>
    public Table<DeviceState> Devices { get; } = new("devices", options.MaxUsers);

    /// <summary>By id.</summary>
    public Table<UserGroupState> UserGroups { get; } = new("user groups", MaxUserGroups);

    /// <summary>By name; without those that are built in.</summary>
    public Table<RoleState> Roles { get; } = new("roles", MaxRoles);

    public RowLog<TaskState> Tasks { get; } = new(MaxTasks);

    public RowLog<FeedbackState> Feedback { get; } = new(MaxFeedback);

    /// <summary>By session id.</summary>
    public RowLog<SessionRecord> PastSessions { get; } = new(MaxPastSessions);

    public AppState App => _app.Find(TheApplication) ?? s_untouched;

    /// <summary>Rises with every write.</summary>
    public long Version =>
        Users.Version + Calls.Version + CallTypes.Version + Devices.Version + UserGroups.Version + Roles.Version
        + Tasks.Version + Feedback.Version + PastSessions.Version + _app.Version;

    public static string DeviceKey(string userId, string deviceId) => $"{userId}\n{deviceId}";

    /// <param name="changed">Runs after a change, before any later one.</param>
    public AppState ChangeApp(Func<AppState, AppState> change, Action<AppState>? changed = null) =>
        _app.Update(TheApplication, _ => change(App), (_, after) => changed?.Invoke(after))!;
}
