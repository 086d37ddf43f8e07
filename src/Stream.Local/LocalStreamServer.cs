using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using GetStream.Http;
using GetStream.Local.Coordinator;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Local.Webhooks;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StreamGateway.Connections;
using StreamGateway.Native.Rtc;

namespace GetStream.Local;

/// <summary>A running embedded Stream: coordinator and SFU.</summary>
/// <remarks>Disposing stops it: WebSockets are told, the SFU drains, all within the configured time.</remarks>
public sealed class LocalStreamServer : IAsyncDisposable
{
    // An id of 10,001 characters must still reach the check that answers clearly.
    private const int MaxRequestLine = 64 * 1024;
    private const int MaxHeaders = 64 * 1024;

    // For requests, and WebSockets that have not authenticated yet.
    private const int SpareConnections = 1_000;

    private readonly WebApplication _app;
    private readonly ISfu _sfu;
    private readonly Task _sfuEvents;
    private readonly CallSessionMonitor _monitor;
    private readonly StateFile? _stateFile;
    private readonly WebhookSender _webhooks;
    private int _disposed;

    private LocalStreamServer(WebApplication app, CoordinatorServices services, LocalStreamOptions options)
    {
        _app = app;
        _sfu = services.Sfu;
        _monitor = services.Monitor;
        _stateFile = services.StateFile;
        _webhooks = services.Webhooks;
        Served = services.Served;
        _monitor.Start();
        _sfuEvents = services.SfuEvents.RunAsync();
        Url = Reachable(app.Urls.First());
        SfuUrl = new Uri(_sfu.Url).GetLeftPart(UriPartial.Authority);
        ApiKey = options.ApiKey;
        ApiSecret = options.ApiSecret!;
    }

    /// <summary>Base address of the coordinator, such as <c>http://127.0.0.1:8090</c>.</summary>
    public string Url { get; }

    /// <summary>Base address of the SFU's signaling, such as <c>http://127.0.0.1:8091</c>.</summary>
    public string SfuUrl { get; }

    public string ApiKey { get; }

    /// <summary>The secret that signs tokens: the configured one, or the one made for this start.</summary>
    public string ApiSecret { get; }

    /// <summary>The operations that are served, and to whom.</summary>
    internal IReadOnlyDictionary<ApiOperation, OperationAccess> Served { get; }

    /// <summary>
    /// Starts the SFU in <paramref name="engine"/>, then the coordinator; completes once both listen.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="IOException">The coordinator's port is taken, or the data file is not one.</exception>
    /// <exception cref="RtcException">The SFU does not start.</exception>
    public static async Task<LocalStreamServer> StartAsync(
        LocalStreamOptions options, RtcEngine engine, ILoggerFactory loggerFactory,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        var tokens = new SfuTokens(TimeProvider.System);
        var sfu = await SfuPool.StartAsync(engine, options, tokens.Secret, cancellationToken);
        return await StartAsync(options, sfu, tokens, loggerFactory, TimeProvider.System, cancellationToken);
    }

    /// <summary>Owns <paramref name="sfu"/> from here on, also when the start fails.</summary>
    internal static async Task<LocalStreamServer> StartAsync(
        LocalStreamOptions options, ISfu sfu, SfuTokens tokens, ILoggerFactory loggerFactory, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        options = options with { ApiSecret = options.ApiSecret ?? NewSecret() };
        var app = CreateApp(options, loggerFactory);
        try
        {
            var services = new CoordinatorServices(options, sfu, tokens, loggerFactory, app.Lifetime, clock);
            services.Start();
            services.AddTo(app);
            await app.StartAsync(cancellationToken);
            return new LocalStreamServer(app, services, options);
        }
        catch
        {
            await app.DisposeAsync();
            await sfu.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            // The SFU first: while it drains, the coordinator still tells of those who leave.
            await _sfu.DisposeAsync();
            await _sfuEvents;
            await _monitor.DisposeAsync();
        }
        finally
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
            // Last, when nothing happens any more.
            await _webhooks.DisposeAsync();
            if (_stateFile is not null)
                await _stateFile.DisposeAsync();
        }
    }

    /// <summary>The same address as this machine reaches it: nobody connects to 0.0.0.0 or [::].</summary>
    private static string Reachable(string url) =>
        new Uri(url) is { Host: "0.0.0.0" or "[::]" } any ? $"http://127.0.0.1:{any.Port}" : url;

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private static WebApplication CreateApp(LocalStreamOptions options, ILoggerFactory loggerFactory)
    {
        // No configuration of the hosting process applies to this server: it may run beside another in one process.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Stream.Local" });
        builder.Services.AddSingleton(loggerFactory);
        // Signals are for the process that holds this server: it disposes it when it is ready.
        builder.Services.AddSingleton<IHostLifetime, HeldLifetime>();
        builder.Services.AddSingleton<IMeterFactory, OwnMeters>();
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Listen(
                IPAddress.Parse(options.Host), options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddConnectionLimits(_ => new ConnectionLimits
        {
            Server = "local_stream",
            MaxConnections = Math.Min(options.MaxConnections + SpareConnections, options.MaxHttpConnections ?? AffordableConnections()),
            Refusal = RefusedConnection.Answer,
        });
        return builder.Build();
    }

    /// <summary>Half of what the process may have open; the other half is the SFU's.</summary>
    private static int AffordableConnections() => Math.Max(8, ((OpenFiles.Limit ?? int.MaxValue) - OpenFiles.Own) / 2);

    private sealed class HeldLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
