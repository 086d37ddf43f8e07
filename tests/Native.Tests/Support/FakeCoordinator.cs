using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Native.Tests.Support;

/// <summary>As much of Stream's coordinator as a participant needs, in front of one SFU.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    internal const string SfuSecret = "the sfu's secret, long enough for HS256";

    private readonly ConcurrentQueue<WebSocket> _sockets = [];
    private readonly WebApplication _app;
    private readonly RtcSfu _sfu;

    private FakeCoordinator(WebApplication app, RtcSfu sfu)
    {
        _app = app;
        _sfu = sfu;
    }

    internal string Url => _app.Urls.Single();

    /// <summary>Answers a join in the coordinator's place.</summary>
    internal Func<HttpContext, Task>? OnJoin { get; set; }

    /// <summary>Bodies of custom events and reactions, each with its path's last part in front.</summary>
    internal ConcurrentQueue<string> Posts { get; } = [];

    internal static async Task<FakeCoordinator> StartAsync(RtcSfu sfu)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var coordinator = new FakeCoordinator(builder.Build(), sfu);
        coordinator._app.MapPost("/api/v2/video/call/{type}/{id}/{action}", coordinator.ServeAsync);
        coordinator._app.UseWebSockets();
        coordinator._app.MapGet("/api/v2/connect", coordinator.AcceptUserAsync);
        coordinator._app.MapGet("/api/v2/video/call/{type}/{id}", () => Results.Json(new { call = new { blocked_user_ids = Array.Empty<string>() } }));
        await coordinator._app.StartAsync();
        return coordinator;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    internal static Task Refuse(HttpContext context, int status, int code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { StatusCode = status, code, message, more_info = "https://example.com" });
    }

    /// <summary>Sends an event to everybody connected.</summary>
    internal async Task TellAsync(string json)
    {
        foreach (var socket in _sockets)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None).Soon();
        }
    }

    // Where users become known, and where events come from as long as they stay.
    private async Task AcceptUserAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        try
        {
            await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(
                """{"type":"connection.ok","connection_id":"c","me":{}}"""u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
            _sockets.Enqueue(socket);
            while ((await socket.ReceiveAsync(buffer, context.RequestAborted)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The client vanished, or the test is over.
        }
    }

    private async Task ServeAsync(HttpContext context, string type, string id, string action)
    {
        if (action != "join")
        {
            using var reader = new StreamReader(context.Request.Body);
            Posts.Enqueue($"{action} {await reader.ReadToEndAsync()}");
            await context.Response.WriteAsJsonAsync(new { duration = "1ms" });
        }
        else if (OnJoin is { } answer)
        {
            await answer(context);
        }
        else
        {
            await context.Response.WriteAsJsonAsync(new
            {
                created = true,
                own_capabilities = new[] { "join-call", "send-audio" },
                credentials = new
                {
                    server = new { url = _sfu.Url, ws_endpoint = _sfu.WsEndpoint, edge_name = _sfu.EdgeName },
                    token = SfuToken(context.Request.Query["user_id"]!, $"{type}:{id}"),
                    ice_servers = Array.Empty<object>(),
                },
            });
        }
    }

    private static string SfuToken(string userId, string callCid)
    {
        var now = DateTimeOffset.UtcNow;
        var text = Encode(new { alg = "HS256", typ = "JWT" }) + "." + Encode(new
        {
            user_id = userId, call_cid = callCid, role = "user", name = userId,
            can_publish_audio = true, can_publish_video = true, can_screenshare = true,
            iat = now.ToUnixTimeSeconds(), exp = now.AddHours(1).ToUnixTimeSeconds(),
        });
        return text + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(SfuSecret), Encoding.UTF8.GetBytes(text)));
    }

    private static string Encode<T>(T value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
