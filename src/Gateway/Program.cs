using GetStream.Local.Http;
using StreamGateway.Audio;
using StreamGateway.Auth;
using StreamGateway.Engine;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Health;
using StreamGateway.Idempotency;
using StreamGateway.Media;
using StreamGateway.Mirror;
using StreamGateway.OpenApi;
using StreamGateway.Publications;
using StreamGateway.Recordings;
using StreamGateway.Server;
using StreamGateway.Sessions;
using StreamGateway.Settings;
using StreamGateway.Telemetry;
using StreamGateway.Tickets;
using StreamGateway.Tracks;
using StreamGateway.Upstream;
using StreamGateway.Webhooks;

if (await ProgramSwitches.AnswerAsync(args) is { } exitCode)
{
    return exitCode;
}

if (GatewayRunner.Obstacle() is { } obstacle)
{
    return GatewayRunner.Refuse(obstacle);
}

var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,
    ContentRootPath = AppContext.BaseDirectory,
});

try
{
    builder.AddGatewaySettings();
}
catch (StartupException unusable)
{
    return GatewayRunner.Refuse(unusable.Message);
}

builder.AddGatewayLogging();
builder.AddGatewayServer();

builder.Services.AddGatewayErrors();
builder.Services.AddGatewayAuth();
builder.Services.AddTickets();
builder.Services.AddGatewayHealth();
builder.Services.AddGatewayOpenApi();
builder.Services.AddIdempotency();
builder.Services.AddGatewayTelemetry();

// Started in this order and stopped in the other: the native engine, the Stream it works with, the sessions.
builder.Services.AddEngine();
builder.Services.AddUpstream();
builder.Services.AddGatewayEvents();
builder.Services.AddSessions();
builder.Services.AddPublications();
builder.Services.AddListeners();
builder.Services.AddTracks();
builder.Services.AddAudio();
builder.Services.AddRecordings();
builder.Services.AddMirror();
builder.Services.AddWebhooks();

var app = builder.Build();

app.UseExceptionHandler();
app.UseMirror();
app.UseSecurityHeaders();
app.UseRouting();
app.UseProblemsForBareStatus();
app.UseGatewayAuth();
app.UseMaskedFrames();
app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(15) });

app.MapErrors();
app.MapHealth();
app.MapTickets();
app.MapTokens();
app.MapSessions();
app.MapSessionEvents();
app.MapPublications();
app.MapTracks();
app.MapAudio();
app.MapRecordings();
app.MapNative();
app.MapMetrics();
app.MapWebhooks();
app.MapGatewayOpenApi();

return await app.RunGatewayAsync();

/// <summary>The entry point; public so that tests can start the whole service.</summary>
public partial class Program;
