using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Health;
using StreamGateway.OpenApi;
using StreamGateway.Server;
using StreamGateway.Settings;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,
    ContentRootPath = AppContext.BaseDirectory,
});

builder.AddGatewaySettings();
builder.AddGatewayLogging();
builder.AddGatewayServer();

builder.Services.AddGatewayErrors();
builder.Services.AddGatewayAuth();
builder.Services.AddGatewayHealth();
builder.Services.AddGatewayOpenApi();

var app = builder.Build();

app.UseGatewayErrors();
app.UseGatewayAuth();

app.MapErrors();
app.MapHealth();
app.MapTickets();
app.MapGatewayOpenApi();

return await app.RunGatewayAsync();

/// <summary>The entry point; public so that tests can start the whole service.</summary>
public partial class Program;
