using GetStream.Http;
using GetStream.Local.Auth;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Coordinator.CallTypes;
using GetStream.Local.Coordinator.Devices;
using GetStream.Local.Coordinator.Events;
using GetStream.Local.Coordinator.Guests;
using GetStream.Local.Coordinator.Members;
using GetStream.Local.Coordinator.Moderation;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Sfu;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator;

/// <summary>Puts the coordinator together; the list of what is served is the list of families below.</summary>
internal sealed class CoordinatorServices
{
    private readonly OperationTable _operations;
    private readonly ConnectEndpoint _connect;
    private readonly ILogger _logger;

    public CoordinatorServices(
        LocalStreamOptions options, ISfu sfu, SfuTokens sfuTokens, ILoggerFactory loggers,
        IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        var store = new StateStore(options);
        foreach (var type in DefaultCallTypes.Create(clock.GetUtcNow()))
            store.CallTypes.Update(type.Name, known => known ?? type);
        if (options.DataFile is { } path)
            StateFile = new StateFile(path, store, clock, loggers.CreateLogger<StateFile>());
        var hub = new ConnectionHub(options);
        var users = new UserDirectory(store, clock);
        var authenticator = new Authenticator(options, users, clock);
        var userViews = new UserViews(store, hub);
        var userUpdates = new UserUpdates(store, userViews, hub, sfu, clock);
        var permissions = new CallPermissions(store);
        var views = new CallViews(userViews);
        var events = new CallEvents(hub);
        var calls = new CallDirectory(store, users, permissions, views, events, hub);
        var sessions = new CallSessions(calls, permissions, views, events, clock);
        var ringing = new CallRinging(calls, views, userViews, events);

        IOperationFamily[] families =
        [
            new UsersApi(users, userViews, userUpdates),
            new UserQueriesApi(store, userViews),
            new UserLifecycleApi(store, users, userViews, hub),
            new UserBlocksApi(users, userViews),
            new GuestsApi(users, userViews, options.ApiSecret!),
            new DevicesApi(store, users, userViews),
            new CallTypesApi(store),
            new CallsApi(calls, sessions, ringing, permissions, views, events, sfu),
            new JoinApi(store, calls, ringing, permissions, views, sfu, sfuTokens),
            ringing,
            new LivestreamApi(calls, permissions, views, events, sfu),
            new CallQueriesApi(store, calls, permissions, views),
            new MembersApi(calls, permissions, views, events, options),
            new ModerationApi(calls, permissions, views, events, users, sfu),
            new PermissionsApi(calls, permissions, views, events, users, sfu),
            new PinsApi(calls, sfu),
            new CallEventsApi(calls, views, events),
            new RecordingsApi(calls),
            new EdgesApi(sfu),
        ];
        _operations = new OperationTable(
            authenticator, new RateLimits(options.RateLimitPerMinute, clock), options, clock);
        foreach (var family in families)
            family.Map(_operations);

        _connect = new ConnectEndpoint(
            authenticator, users, userViews, hub, options, clock, lifetime, loggers.CreateLogger<ConnectEndpoint>());
        _logger = loggers.CreateLogger("GetStream.Local.Http");
        Sfu = sfu;
        SfuEvents = new SfuEventPump(sfu, sessions, loggers.CreateLogger<SfuEventPump>());
        Monitor = new CallSessionMonitor(
            store, sessions, ringing, sfu, clock, loggers.CreateLogger<CallSessionMonitor>());
    }

    public ISfu Sfu { get; }

    public SfuEventPump SfuEvents { get; }

    public CallSessionMonitor Monitor { get; }

    /// <summary>Null when the state lives in memory alone.</summary>
    public StateFile? StateFile { get; }

    public IReadOnlyDictionary<ApiOperation, OperationAccess> Served => _operations.Served;

    public void AddTo(WebApplication app)
    {
        app.UseOpenCors();
        app.UseRequestIds();
        app.UseApiErrors(_logger);
        app.UseWebSockets();
        app.UseRouting();
        _connect.AddTo(app);
        _operations.AddTo(app);
        app.MapSmallEndpoints();
    }
}
