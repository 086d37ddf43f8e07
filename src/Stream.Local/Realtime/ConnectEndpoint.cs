using System.Net.WebSockets;
using System.Text.Json;
using GetStream.Json;
using GetStream.Local.Auth;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Realtime;

/// <summary>The coordinator's WebSocket: authenticates, then hands events over until one side ends it.</summary>
internal sealed partial class ConnectEndpoint(
    Authenticator authenticator, UserDirectory users, UserViews views, ConnectionHub hub, LocalStreamOptions options,
    TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<ConnectEndpoint> logger)
{
    private readonly Handshakes _handshakes = new(options.MaxHandshakes);

    public void AddTo(IEndpointRouteBuilder routes)
    {
        routes.Map("/api/v2/connect", http => AcceptAsync(http, StreamTimeFormat.Nanoseconds));
        routes.Map("/video/connect", http => AcceptAsync(http, StreamTimeFormat.Text));
    }

    private async Task AcceptAsync(HttpContext http, StreamTimeFormat times)
    {
        ApiErrors.NameOperation(http, "Connect");
        if (!http.WebSockets.IsWebSocketRequest)
            throw ApiException.Input("this path takes WebSockets");
        using var handshake = _handshakes.Begin();
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var startedAt = clock.GetTimestamp();
        try
        {
            var user = await AuthenticateAsync(socket, http.Request.Query["api_key"], http.RequestAborted);
            handshake.Dispose();
            await ServeAsync(new Connection(socket, user.Id, times, options, clock), user);
        }
        catch (ApiException refusal)
        {
            await RefuseAsync(socket, refusal, times, clock.GetElapsedTime(startedAt));
        }
        catch (WebSocketException)
        {
            // The client vanished before it had authenticated.
        }
    }

    private async Task<UserState> AuthenticateAsync(WebSocket socket, string? apiKey, CancellationToken aborted)
    {
        authenticator.CheckApiKey(apiKey);
        var message = await ReadAuthenticationAsync(socket, aborted);
        var caller = authenticator.IdentifyUser(message.Token);
        if (caller.UserId != message.UserDetails.Id)
            throw ApiException.Unauthenticated(
                ApiErrorCode.Authentication, "user_details.id is not the user of the token");
        if (caller.IsAnonymous)
            throw ApiException.Unauthenticated(ApiErrorCode.Authentication, "anonymous users do not connect");
        return users.Connect(message.UserDetails);
    }

    private async Task<WSAuthMessage> ReadAuthenticationAsync(WebSocket socket, CancellationToken aborted)
    {
        using var handshake = new CancellationTokenSource(options.ConnectionHandshake, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(handshake.Token, aborted);
        try
        {
            var frame = await WebSocketFrames.ReceiveAsync(socket, either.Token)
                ?? throw new WebSocketException("The client closed before it had authenticated.");
            return ModelJson.Read<WSAuthMessage>(frame.Span);
        }
        catch (OperationCanceledException)
        {
            throw new WebSocketException("The client did not authenticate in time.");
        }
        catch (JsonException json)
        {
            throw ApiException.Input($"the first frame is not an authentication message: {json.Message}");
        }
    }

    private async Task ServeAsync(Connection connection, UserState user)
    {
        var hello = new ConnectedEvent
        {
            ConnectionId = connection.Id, Me = views.Own(user), CreatedAt = clock.GetUtcNow(),
        };
        if (!hub.TryAdd(connection, OutgoingEvent.From(hello), out var isFirst))
            throw ApiException.TooManyConnections(options.MaxConnections);
        LogConnected(logger, connection.Id, user.Id);
        try
        {
            if (isFirst)
                TellPresence(user.Id);
            var reason = await connection.RunAsync(() => HealthCheck(connection), lifetime.ApplicationStopping);
            LogDisconnected(logger, connection.Id, user.Id, reason);
        }
        finally
        {
            if (hub.Remove(connection))
            {
                users.Touch(user.Id);
                TellPresence(user.Id);
            }
        }
    }

    /// <summary>To those who watch the user, unless the user does not want to be seen.</summary>
    private void TellPresence(string userId)
    {
        if (users.Find(userId) is not { Invisible: false } user)
            return;
        hub.PublishPresence(userId, OutgoingEvent.From(new UserPresenceChangedEvent
        {
            User = views.Common(user), Custom = [], CreatedAt = clock.GetUtcNow(),
        }));
    }

    private OutgoingEvent HealthCheck(Connection connection) =>
        OutgoingEvent.From(
            new HealthCheckEvent { ConnectionId = connection.Id, Custom = [], CreatedAt = clock.GetUtcNow() });

    /// <summary>
    /// Says why; clients stop trying after a normal closure, except that an expired token makes them fetch another.
    /// </summary>
    private async Task RefuseAsync(WebSocket socket, ApiException refusal, StreamTimeFormat times, TimeSpan elapsed)
    {
        LogRefused(logger, refusal.Code, refusal.Message);
        var error = OutgoingEvent.From(new ConnectionErrorEvent
        {
            ConnectionId = "", Error = ApiErrors.ToModel(refusal, "Connect", elapsed), CreatedAt = clock.GetUtcNow(),
        });
        using var timeout = new CancellationTokenSource(options.ConnectionHandshake, clock);
        try
        {
            await socket.SendAsync(error.Json(times), WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            return;
        }

        await WebSocketFrames.CloseAsync(socket, WebSocketCloseStatus.NormalClosure, refusal.Code.ToString(), clock);
    }

    [LoggerMessage(7200, LogLevel.Debug, "WebSocket {ConnectionId} of {UserId} connected", EventName = "Connected")]
    private static partial void LogConnected(ILogger logger, string connectionId, string userId);

    [LoggerMessage(
        7201, LogLevel.Debug, "WebSocket {ConnectionId} of {UserId} ended: {Reason}", EventName = "Disconnected")]
    private static partial void LogDisconnected(ILogger logger, string connectionId, string userId, DropReason? reason);

    [LoggerMessage(
        7202, LogLevel.Information, "A WebSocket was refused: {Code} {Message}", EventName = "ConnectionRefused")]
    private static partial void LogRefused(ILogger logger, ApiErrorCode code, string message);
}
