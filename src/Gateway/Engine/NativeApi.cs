using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using StreamGateway.Auth;
using StreamGateway.Json;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;
using StreamGateway.Settings;

namespace StreamGateway.Engine;

/// <summary>What goes on inside the native library.</summary>
internal static class NativeApi
{
    public static IServiceCollection AddEngine(this IServiceCollection services) =>
        services
            .AddSettings<EngineOptions>(EngineOptions.Section)
            .AddSingleton<EngineHost>()
            .AddSingleton<EngineMetrics>()
            .AddHostedService(provider => provider.GetRequiredService<EngineHost>());

    public static void MapNative(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/native").WithTags("Operations").RequireAuthorization(Scopes.Admin);
        group.MapGet("/", GetNative).WithSummary("Shows the state of the native library and what is alive in it");
        group.MapPut("/log_level", SetLogLevel).WithSummary("Changes how much the native library logs");
    }

    private static Ok<NativeResponse> GetNative(EngineHost host)
    {
        var engine = host.Engine;
        return TypedResults.Ok(new NativeResponse(
            engine.State,
            engine.Version,
            engine.CallCount,
            engine.PendingCommandCount,
            engine.RejectedRequestCount,
            RtcEngine.LiveAllocations,
            engine.ReadTables()));
    }

    private static NoContent SetLogLevel(JsonBody<LogLevelRequest> body, EngineHost host)
    {
        host.Engine.LogLevel = body.Value.Level!.Value;
        return TypedResults.NoContent();
    }
}

/// <summary>The native library.</summary>
/// <param name="State">State of its lifecycle; <c>active</c> when all is well.</param>
/// <param name="Calls">Calls and commands given to it since the start.</param>
/// <param name="PendingCommands">Commands the gateway waits for.</param>
/// <param name="RejectedRequests">Commands refused because too many ran.</param>
/// <param name="LiveAllocations">Blocks of native memory handed out and not yet freed.</param>
/// <param name="Tables">What is alive in it now.</param>
internal sealed record NativeResponse(
    PluginState State,
    string Version,
    long Calls,
    int PendingCommands,
    ulong RejectedRequests,
    ulong LiveAllocations,
    RtcTables Tables);

internal sealed record LogLevelRequest
{
    [Required(ErrorMessage = "is missing")]
    public PluginLogLevel? Level { get; init; }
}
