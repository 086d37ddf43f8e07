using System.Text.Json;
using GetStream.Local.Errors;

namespace GetStream.Local.Store;

/// <summary>Keeps the state in a file: read at the start, written within a second of a change and at the end.</summary>
/// <remarks>The file is replaced as a whole, so a crash leaves the former one.</remarks>
internal sealed partial class StateFile : IAsyncDisposable
{
    private const int FormatVersion = 1;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly StateStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private long _written;

    public StateFile(string path, StateStore store, TimeProvider clock, ILogger<StateFile> logger)
    {
        _path = Path.GetFullPath(path);
        _store = store;
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Reads the file into the store, if there is one, and writes it from then on.</summary>
    /// <exception cref="IOException">The file cannot be read or written, or is not one of ours; the message names
    /// it.</exception>
    public void Start()
    {
        try
        {
            if (File.Exists(_path))
                Restore(Read());
            _written = _store.Version;
            Write();
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"{_path} cannot be read and written: {exception.Message}", exception);
        }

        _loop = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        WriteIfChanged();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(s_interval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
                WriteIfChanged();
        }
        catch (OperationCanceledException)
        {
            // The server stops; the last write follows.
        }
    }

    private void WriteIfChanged()
    {
        var version = _store.Version;
        if (version == _written)
            return;
        try
        {
            Write();
            _written = version;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next second tries again: a full disk may get room.
            LogWriteFailed(_logger, _path, exception);
        }
    }

    private void Write()
    {
        var next = _path + ".next";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        // Users' data is nobody else's business.
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(next, options))
        {
            JsonSerializer.Serialize(file, Snapshot(), StateJson.Default.StateSnapshot);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, _path, overwrite: true);
    }

    private StateSnapshot Snapshot() => new(
        FormatVersion,
        [.. _store.Users.Rows], [.. _store.Calls.Rows], [.. _store.CallTypes.Rows], [.. _store.Devices.Rows])
    {
        UserGroups = [.. _store.UserGroups.Rows],
        Roles = [.. _store.Roles.Rows],
        Tasks = _store.Tasks.Rows,
        Feedback = _store.Feedback.Rows,
        PastSessions = _store.PastSessions.Rows,
        App = _store.App,
    };

    private StateSnapshot Read()
    {
        try
        {
            using var file = File.OpenRead(_path);
            var snapshot = JsonSerializer.Deserialize(file, StateJson.Default.StateSnapshot);
            if (snapshot is not { Format: FormatVersion })
                throw new IOException($"{_path} was written by another version of the embedded Stream.");
            if (snapshot.MissingPart() is { } missing)
                throw new IOException($"{_path} is damaged: {missing} is missing, or has a row that is null.");
            return snapshot;
        }
        catch (JsonException exception)
        {
            throw new IOException(
                $"{_path} is not a state file of the embedded Stream: {exception.Message}", exception);
        }
    }

    private void Restore(StateSnapshot snapshot)
    {
        var now = _clock.GetUtcNow();
        try
        {
            foreach (var user in snapshot.Users)
                _store.Users.Update(user.Id, _ => user);
            foreach (var type in snapshot.CallTypes)
                _store.CallTypes.Update(type.Name, _ => type);
            foreach (var call in snapshot.Calls)
                _store.Calls.Update(call.Cid, _ => WithoutSession(call, now));
            foreach (var device in snapshot.Devices)
                _store.Devices.Update(StateStore.DeviceKey(device.UserId, device.Id), _ => device);
            foreach (var group in snapshot.UserGroups)
                _store.UserGroups.Update(group.Id, _ => group);
            foreach (var role in snapshot.Roles)
                _store.Roles.Update(role.Name, _ => role);
            foreach (var task in snapshot.Tasks)
                _store.Tasks.Put(task.Id, task);
            foreach (var feedback in snapshot.Feedback)
                _store.Feedback.Put(feedback.Id, feedback);
            foreach (var past in snapshot.PastSessions)
                _store.PastSessions.Put(past.Session.Id, past);
            if (snapshot.App is { } app)
                _store.ChangeApp(_ => app);
        }
        catch (ApiException exception)
        {
            throw new IOException($"{_path} holds more than fits: {exception.Message}", exception);
        }
    }

    /// <summary>Whoever was in a call when the server stopped is not in it now.</summary>
    private CallState WithoutSession(CallState call, DateTimeOffset now)
    {
        if (call.RunningSession is not { } session)
            return call;
        var ended = session.WithoutParticipants(now) with { EndedAt = now };
        _store.PastSessions.Put(ended.Id, new SessionRecord(call.Cid, ended));
        return call with { Session = ended };
    }

    [LoggerMessage(7400, LogLevel.Error, "The state could not be written to {Path}", EventName = "StateWriteFailed")]
    private static partial void LogWriteFailed(ILogger logger, string path, Exception exception);
}

/// <summary>Everything that outlives a restart.</summary>
internal sealed record StateSnapshot(
    int Format,
    IReadOnlyList<UserState> Users,
    IReadOnlyList<CallState> Calls,
    IReadOnlyList<CallTypeState> CallTypes,
    IReadOnlyList<DeviceState> Devices)
{
    // Not in files of former versions.
    public IReadOnlyList<UserGroupState> UserGroups { get; init => field = value ?? []; } = [];

    public IReadOnlyList<RoleState> Roles { get; init => field = value ?? []; } = [];

    public IReadOnlyList<TaskState> Tasks { get; init => field = value ?? []; } = [];

    public IReadOnlyList<FeedbackState> Feedback { get; init => field = value ?? []; } = [];

    public IReadOnlyList<SessionRecord> PastSessions { get; init => field = value ?? []; } = [];

    public AppState? App { get; init; }

    /// <summary>The first list that is not there or has a hole, if there is one.</summary>
    public string? MissingPart()
    {
        (string Name, IReadOnlyList<object?>? Rows)[] parts =
        [
            ("users", Users), ("calls", Calls), ("call_types", CallTypes), ("devices", Devices),
            ("user_groups", UserGroups), ("roles", Roles), ("tasks", Tasks), ("feedback", Feedback),
            ("past_sessions", PastSessions),
        ];
        return parts.FirstOrDefault(part => part.Rows is null || part.Rows.Any(row => row is null)).Name;
    }
}
