using GetStream.Http;
using GetStream.Local.Auth;
using GetStream.Local.Coordinator.Application;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Coordinator.CallTypes;
using GetStream.Local.Coordinator.Devices;
using GetStream.Local.Coordinator.Events;
using GetStream.Local.Coordinator.Groups;
using GetStream.Local.Coordinator.Guests;
using GetStream.Local.Coordinator.Members;
using GetStream.Local.Coordinator.Moderation;
using GetStream.Local.Coordinator.Sessions;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Local.Webhooks;

namespace GetStream.Local.Coordinator;

/// <summary>Puts the coordinator together; the list of what is served is the list of families below.</summary>
internal sealed class CoordinatorServices
{
    private readonly LocalStreamOptions _options;
    private readonly StateStore _store;
    private readonly OperationTable _operations;
    private readonly TasksApi _tasks;
    private readonly ConnectEndpoint _connect;
    private readonly ILogger _logger;

    public CoordinatorServices(
        LocalStreamOptions options, ISfu sfu, SfuTokens sfuTokens, ILoggerFactory loggers,
        IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        _options = options;
        var store = _store = new StateStore(options);
        foreach (var type in DefaultCallTypes.Create(clock.GetUtcNow()))
            store.CallTypes.Update(type.Name, known => known ?? type);
        if (options.DataFile is { } path)
            StateFile = new StateFile(path, store, clock, loggers.CreateLogger<StateFile>());
        var hub = new ConnectionHub(options);
        Webhooks = new WebhookSender(options, clock, loggers.CreateLogger<WebhookSender>());
        var tasks = new TaskLog(store, clock);
        var users = new UserDirectory(store, clock);
        var authenticator = new Authenticator(options, store, users, clock);
        var userViews = new UserViews(store, hub);
        var userEvents = new UserEvents(store, hub, Webhooks);
        var userUpdates = new UserUpdates(userViews, userEvents, sfu, clock);
        var permissions = new CallPermissions(store);
        var views = new CallViews(userViews);
        var events = new CallEvents(hub, Webhooks);
        var calls = new CallDirectory(store, users, permissions, views, events, hub);
        var sessions = new CallSessions(store, calls, permissions, views, events, clock);
        var ringing = new CallRinging(calls, views, userViews, events);
        var deletion = new CallDeletion(calls, views, events, sfu);
        var removed = new RemovedUsers(store, hub, sfu);
        var rateLimits = new RateLimits(
            options.RateLimitPerMinute, clock,
            new Dictionary<string, int> { [ApiOperations.Common.CreateGuest.Id] = options.MaxGuestsPerMinute });
        _operations = new OperationTable(authenticator, rateLimits, options, clock);
        _tasks = new TasksApi(store);

        IOperationFamily[] families =
        [
            new UsersApi(users, userViews, userUpdates),
            new UserQueriesApi(store, userViews, hub),
            new UserLifecycleApi(store, users, userViews, userEvents, removed, tasks),
            new UserDeletionApi(store, users, userViews, userEvents, calls, deletion, removed, tasks),
            new UserExportsApi(store, users, userViews, tasks),
            new UserBlocksApi(users, userViews),
            _tasks,
            new UserGroupsApi(store, users, new UserGroupEvents(userEvents)),
            new UserGroupQueriesApi(store),
            new GuestsApi(store, users, userViews, options),
            new DevicesApi(store, users, userViews),
            new PushPreferencesApi(users),
            new AppApi(store, new AppViews(store), Webhooks),
            new RolesApi(store, clock),
            new RateLimitsApi(_operations, rateLimits),
            new CallTypesApi(store),
            new CallsApi(calls, sessions, ringing, permissions, views, events, deletion, tasks, sfu),
            new JoinApi(store, calls, ringing, permissions, views, sfu, sfuTokens),
            ringing,
            new LivestreamApi(calls, permissions, views, events, sfu),
            new CallQueriesApi(store, calls, permissions, views),
            new MembersApi(calls, permissions, views, events, options),
            new ModerationApi(calls, permissions, views, events, users, sfu),
            new PermissionsApi(calls, permissions, views, events, users, sfu),
            new PinsApi(calls, sfu),
            new CallEventsApi(calls, views, events),
            new ClosedCaptionsApi(calls, views, events),
            new FeedbackApi(store, calls, views, events),
            new ParticipantSessionsApi(store, calls, views),
            new CallStatsApi(store),
            new RecordingsApi(calls),
            new EdgesApi(sfu),
        ];
        foreach (var family in families)
            family.Map(_operations);

        _connect = new ConnectEndpoint(
            authenticator, users, userViews, hub, options, clock, lifetime, loggers.CreateLogger<ConnectEndpoint>());
        _logger = loggers.CreateLogger("GetStream.Local.Http");
        Sfu = sfu;
        SfuEvents = new SfuEventPump(sfu, sessions, loggers.CreateLogger<SfuEventPump>());
        Monitor = new CallSessionMonitor(
            store, sessions, ringing, removed, sfu, clock, loggers.CreateLogger<CallSessionMonitor>());
    }

    public ISfu Sfu { get; }

    public SfuEventPump SfuEvents { get; }

    public CallSessionMonitor Monitor { get; }

    public WebhookSender Webhooks { get; }

    /// <summary>Null when the state lives in memory alone.</summary>
    public StateFile? StateFile { get; }

    public IReadOnlyDictionary<ApiOperation, OperationAccess> Served => _operations.Served;

    /// <summary>Reads what was kept of former runs, and goes on with it.</summary>
    /// <exception cref="IOException">The data file cannot be read or written, or is not one of ours.</exception>
    public void Start()
    {
        StateFile?.Start();
        if (_options.WebhookUrl is { } url)
            _store.ChangeApp(app => app with { WebhookUrl = url });
        Webhooks.Configure(_store.App);
    }

    public void AddTo(WebApplication app)
    {
        app.UseRequestIds();
        app.UseApiErrors(_logger);
        app.UseBrowsers(_options);
        app.UseMaskedFrames();
        app.UseWebSockets();
        app.UseRouting();
        _connect.AddTo(app);
        _operations.AddTo(app);
        _tasks.AddTo(app);
        app.MapSmallEndpoints();
    }
}
