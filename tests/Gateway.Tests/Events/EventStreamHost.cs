using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamGateway.Auth;
using StreamGateway.Connections;
using StreamGateway.Errors;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

/// <summary>Serves one journal at <c>/events</c>, over a real socket and with nothing else of the gateway.</summary>
internal sealed class EventStreamHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _readers;

    private EventStreamHost(WebApplication app, EventJournal journal)
    {
        _app = app;
        Journal = journal;
        Client = new HttpClient();
    }

    public EventJournal Journal { get; }

    public HttpClient Client { get; }

    /// <value>Responses that are being sent.</value>
    public int Readers => Volatile.Read(ref _readers);

    public static async Task<EventStreamHost> StartAsync(
        EventJournal? journal = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton(TimeProvider.System).AddGatewayErrors().AddGatewayEvents();
        builder.Services.AddConnectionLimits(_ => new ConnectionLimits { Server = "test", MaxConnections = 1_000, Refusal = Array.Empty<byte>() });
        var app = builder.Build();
        app.UseExceptionHandler();
        var served = journal ?? new EventJournal(maxEvents: 1_000, maxBytes: 1_000_000);
        var host = new EventStreamHost(app, served);
        app.MapGet("/events", host.ServeAsync);
        await app.StartAsync();
        host.Client.BaseAddress = new Uri(app.Urls.Single());
        return host;
    }

    /// <summary>Appends events named and numbered <c>e{n}</c> with <c>{"n":n}</c> as data.</summary>
    public void Append(int from, int to, string type = "e")
    {
        for (var number = from; number <= to; number++)
        {
            Journal.Append(SseFrames.Create(type, json =>
            {
                json.WriteStartObject();
                json.WriteNumber("n", number);
                json.WriteEndObject();
            }));
        }
    }

    public string IdOf(long position) => new SseEventId(Journal.Epoch, position).ToString();

    /// <summary>The whole response as text; the journal must end.</summary>
    public async Task<string> GetTextAsync(string query = "", string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/events{query}");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var response = await Client.SendAsync(request).WithTimeout();
        return Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync());
    }

    private async Task ServeAsync(EventStream stream, HttpContext context)
    {
        context.User = Principals.Local;
        Interlocked.Increment(ref _readers);
        try
        {
            await stream.SendAsync(context, Journal, () => new { Known = Journal.LastPosition });
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Journal.Complete("test over");
        await _app.DisposeAsync();
    }
}
