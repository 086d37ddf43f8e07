using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

/// <summary>Serves one journal at <c>/events</c>, over a real socket and with nothing else of the gateway.</summary>
internal sealed class EventStreamHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EventStreamHost(WebApplication app, EventJournal journal)
    {
        _app = app;
        Journal = journal;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public EventJournal Journal { get; }

    public HttpClient Client { get; }

    public static async Task<EventStreamHost> StartAsync(
        EventJournal? journal = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton(TimeProvider.System).AddGatewayErrors().AddGatewayEvents();
        var app = builder.Build();
        app.UseExceptionHandler();
        var served = journal ?? new EventJournal(maxEvents: 1_000, maxBytes: 1_000_000);
        app.MapGet("/events", (EventStream stream, Microsoft.AspNetCore.Http.HttpContext context) =>
        {
            context.User = Principals.Local;
            return stream.SendAsync(context, served, () => new { Known = served.LastPosition });
        });
        await app.StartAsync();
        return new EventStreamHost(app, served);
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

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Journal.Complete("test over");
        await _app.DisposeAsync();
    }
}
