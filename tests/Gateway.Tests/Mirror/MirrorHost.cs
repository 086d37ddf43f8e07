using GetStream.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Mirror;
using StreamGateway.OpenApi;
using StreamGateway.Server;
using StreamGateway.Upstream;
using StreamGateway.Webhooks;

namespace StreamGateway.Tests.Mirror;

/// <summary>The mirror by itself on a real port, before a Stream of the test's choice.</summary>
internal sealed class MirrorHost : IAsyncDisposable
{
    public const string RestKey = "a key that may use rest";
    public const string ReadKey = "a key that may only read";

    private readonly WebApplication _gateway;
    private readonly WebApplication? _upstream;

    private MirrorHost(WebApplication gateway, WebApplication? upstream)
    {
        _gateway = gateway;
        _upstream = upstream;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = Address, Timeout = Timeouts.Default,
        };
    }

    public Uri Address => new(_gateway.Urls.Single());

    public HttpClient Client { get; }

    /// <value>What the gateway has logged so far.</value>
    public IReadOnlyCollection<LogLine> Log => _gateway.Services.GetRequiredService<LogLines>().All;

    public EventHub Events => _gateway.Services.GetRequiredService<EventHub>();

    /// <summary>Before a Stream that does what <paramref name="handler"/> does.</summary>
    public static async Task<MirrorHost> StartAsync(RequestDelegate handler, bool hasKeys = true)
    {
        var upstream = CreateApp(builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null));
        upstream.Run(handler);
        await upstream.StartAsync();
        return new MirrorHost(await StartGatewayAsync(new Uri(upstream.Urls.Single()), hasKeys), upstream);
    }

    /// <summary>Before whatever is, or is not, at an address.</summary>
    public static async Task<MirrorHost> StartAsync(Uri upstream, TimeSpan? stallTimeout = null) =>
        new(await StartGatewayAsync(upstream, stallTimeout: stallTimeout), null);

    public HttpRequestMessage Request(HttpMethod method, string target, string? key = RestKey)
    {
        var address = new Uri(
            Address.AbsoluteUri.TrimEnd('/') + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, address);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", key.StartsWith("eyJ", StringComparison.Ordinal) ? key : $"Bearer {key}");
        }

        return request;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _gateway.DisposeAsync();
        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }

    private static async Task<WebApplication> StartGatewayAsync(Uri upstream, bool hasKeys = true, TimeSpan? stallTimeout = null)
    {
        var app = CreateApp(builder =>
        {
            builder.Configuration.AddInMemoryCollection(!hasKeys ? [] : new Dictionary<string, string?>
            {
                ["Auth:Keys:0:Name"] = "rest",
                ["Auth:Keys:0:Key"] = RestKey,
                ["Auth:Keys:0:Scopes:0"] = Scopes.Rest,
                ["Auth:Keys:1:Name"] = "read",
                ["Auth:Keys:1:Key"] = ReadKey,
                ["Auth:Keys:1:Scopes:0"] = Scopes.SessionsRead,
            });
            builder.Services.AddSingleton<LogLines>();
            builder.Services.AddSingleton<ILoggerProvider>(services => services.GetRequiredService<LogLines>());
            builder.AddGatewayServer();
            builder.Services.AddGatewayErrors();
            builder.Services.AddGatewayAuth();
            builder.Services.AddGatewayOpenApi();
            builder.Services.Configure<StreamOptions>(stream => stream.StallTimeout = stallTimeout ?? stream.StallTimeout);
            builder.Services.AddOptions<EventsOptions>();
            builder.Services.AddSingleton<EventsMetrics>();
            builder.Services.AddSingleton<EventHub>();
            builder.Services.AddSingleton<DescriptorBudget>();
            builder.Services.AddSingleton<StreamConnection>();
            builder.Services.AddMirror();
            builder.Services.AddWebhooks();
        });
        app.Services.GetRequiredService<StreamConnection>()
            .UseEmbedded(upstream, upstream, CheckingServer.ApiKey, CheckingServer.ApiSecret);
        app.UseExceptionHandler();
        app.UseMirror();
        app.UseRouting();
        app.UseGatewayAuth();
        app.MapWebhooks();
        app.MapApiDescription();
        await app.StartAsync();
        return app;
    }

    private static WebApplication CreateApp(Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure(builder);
        return builder.Build();
    }
}
