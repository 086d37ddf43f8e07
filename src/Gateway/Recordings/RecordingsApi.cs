using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Idempotency;
using StreamGateway.Json;
using StreamGateway.Sessions;
using StreamGateway.Settings;

namespace StreamGateway.Recordings;

/// <summary>Media to files: what the others send, each track by itself and all sound as one, with who spoke when.</summary>
internal static class RecordingsApi
{
    public static IServiceCollection AddRecordings(this IServiceCollection services) =>
        services
            .AddSettings<RecordingsOptions>(RecordingsOptions.Section)
            .AddSingleton<IValidateOptions<RecordingsOptions>, RecordingsOptionsValidator>()
            .AddSingleton<RecordingCatalog>()
            .AddHostedService<RecordingRetention>();

    public static void MapRecordings(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/recordings", ListAllAsync)
            .WithTags("Recordings")
            .WithSummary("Lists the recordings of all sessions, newest first, those from before a restart too")
            .RequireAuthorization(Scopes.SessionsRead);

        var group = routes.MapGroup("/v1/sessions/{id}/recordings").WithTags("Recordings");
        group.MapPost("/", StartAsync)
            .WithSummary("Begins to record tracks, and the mix, to files")
            .WithDescription(
                "Every track of the users and types asked for is recorded as it comes and goes: Opus in Ogg, video in IVF, passed through. "
                + "It ends by DELETE, at its limits, or with the session, and its files can be had while it runs.")
            .RequireAuthorization(Scopes.SessionsWrite)
            .WithIdempotency();
        group.MapGet("/", ListAsync)
            .WithSummary("Lists the recordings of a session, newest first, also when the session is forgotten")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapGet("/{recording_id}", GetAsync)
            .WithSummary("Shows a recording: its files, who was there, who spoke when")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapDelete("/{recording_id}", EndAsync)
            .WithSummary("Stops a recording; with `files=true` deletes its files too")
            .RequireAuthorization(Scopes.SessionsWrite);
        group.MapGet("/{recording_id}/files/{name}", SendFileAsync)
            .WithSummary("Sends a file, or a range of it, as it is now")
            .WithDescription("`name` is one of the recording's files or, when it is over, `manifest.json` or `journal.jsonl`.")
            .Produces<byte[]>(StatusCodes.Status200OK, "audio/ogg", "video/x-ivf", "application/json", "application/x-ndjson")
            .RequireAuthorization(Scopes.SessionsRead)
            .AcceptTicket();
    }

    private static async Task<Created<RecordingResponse>> StartAsync(
        string id, JsonBody<StartRecordingRequest> body, SessionPool pool, ClaimsPrincipal caller, IOptions<RecordingsOptions> options,
        CancellationToken cancellationToken)
    {
        var session = pool.Get(id, caller);
        var recording = await session.RequireNative().RecordAsync(body.Value.ToNative(session.Id, session.Owner, options.Value), cancellationToken);
        return TypedResults.Created(
            $"/v1/sessions/{session.Id}/recordings/{recording.Id}", RecordingResponse.From(recording, whole: true));
    }

    private static async Task<Ok<RecordingPage>> ListAllAsync(
        RecordingCatalog catalog, ClaimsPrincipal caller, int? limit, string? next, string? prev, CancellationToken cancellationToken) =>
        TypedResults.Ok(await catalog.ListAsync(sessionId: null, caller, limit, next, prev, cancellationToken));

    private static async Task<Ok<RecordingPage>> ListAsync(
        string id, RecordingCatalog catalog, ClaimsPrincipal caller, int? limit, string? next, string? prev, CancellationToken cancellationToken) =>
        TypedResults.Ok(await catalog.ListAsync(id, caller, limit, next, prev, cancellationToken));

    private static async Task<Ok<RecordingResponse>> GetAsync(
        string id, string recording_id, RecordingCatalog catalog, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        TypedResults.Ok(RecordingResponse.From(await catalog.GetAsync(id, recording_id, caller, cancellationToken), whole: true));

    private static async Task<NoContent> EndAsync(
        string id, string recording_id, bool? files, RecordingCatalog catalog, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await catalog.EndAsync(id, recording_id, caller, files ?? false, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<PhysicalFileHttpResult> SendFileAsync(
        string id, string recording_id, string name, RecordingCatalog catalog, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        RecordingFiles.Send(await catalog.GetAsync(id, recording_id, caller, cancellationToken), name);
}
