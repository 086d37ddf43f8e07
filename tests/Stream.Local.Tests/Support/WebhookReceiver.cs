using System.Collections.Concurrent;
using System.Threading.Channels;
using GetStream.Models;
using GetStream.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace GetStream.Local.Tests.Support;

/// <summary>An application's webhook: checks signatures, keeps what came, and answers what the test says.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly WebhookReader _reader;
    private readonly Channel<Delivery> _deliveries = Channel.CreateUnbounded<Delivery>();

    private WebhookReceiver(string secret)
    {
        _reader = new WebhookReader(secret);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    public string Url => _app.Urls.First();

    /// <summary>Answered one after the other, then 200.</summary>
    public ConcurrentQueue<int> Statuses { get; } = new();

    /// <summary>Where redirects lead.</summary>
    public string? Location { get; set; }

    /// <summary>Whether anything at all has come.</summary>
    public bool HasAny { get; private set; }

    public static async Task<WebhookReceiver> StartAsync(string secret)
    {
        var receiver = new WebhookReceiver(secret);
        await receiver._app.StartAsync();
        return receiver;
    }

    public async Task<Delivery> Next()
    {
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        return await _deliveries.Reader.ReadAsync(timeout.Token);
    }

    /// <summary>Skips other events until one of this type comes.</summary>
    public async Task<Delivery> Next(string type)
    {
        while (true)
        {
            var delivery = await Next();
            if (delivery.Type == type)
                return delivery;
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        HasAny = true;
        http.Response.Headers.Location = Location;
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers;
        var received = _reader.ReadHttp(body.ToArray(), headers["X-Signature"]);
        http.Response.StatusCode = Statuses.TryDequeue(out var status) ? status : 200;
        _deliveries.Writer.TryWrite(new Delivery(
            received, headers["X-Webhook-Id"].ToString(), headers["X-Webhook-Attempt"].ToString(), headers["X-Api-Key"].ToString()));
    }
}

internal sealed record Delivery(WHEvent Event, string Id, string Attempt, string ApiKey)
{
    public string Type => Event.Event.Type;
}
