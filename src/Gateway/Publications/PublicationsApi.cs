using System.Security.Claims;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Json;
using StreamGateway.Media;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.OpenApi;
using StreamGateway.Server;
using StreamGateway.Sessions;
using StreamGateway.Settings;

namespace StreamGateway.Publications;

/// <summary>Media in: a request body becomes a track while it is being sent.</summary>
internal static class PublicationsApi
{
    public static IServiceCollection AddPublications(this IServiceCollection services) =>
        services.AddSettings<PublicationsOptions>(PublicationsOptions.Section).AddSingleton<PublicationRegistry>();

    public static void MapPublications(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions/{id}/publications").WithTags("Media");

        group.MapPut("/{name}", PublishAsync)
            .WithSummary("Publishes the request body as a track; answers after its last frame was sent")
            .WithDescription(
                $"The Content-Type is one of {MediaFormat.Names}. `audio/l16` is samples of 16 bits in network byte order, `audio/pcm` "
                + "the same in little endian; both need `rate` and may have `channels`. Opus, VP8, VP9, AV1 and H.264 pass through as they are, samples become Opus.")
            .WithMetadata(new MediaBody(MediaFormat.All.SelectMany(format => format.ContentTypes)))
            .RequireAuthorization(Scopes.SessionsWrite);
        group.MapGet("/", ListAsync)
            .WithSummary("Lists what is being published")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapDelete("/{name}", StopAsync)
            .WithSummary("Stops a publication")
            .RequireAuthorization(Scopes.SessionsWrite);
    }

    private static async Task<Ok<PublicationEndedResponse>> PublishAsync(
        string id, string name, string? track_type, string? pace, bool? loop, string? profile, int? bitrate_bps, bool? dtx, double? frame_rate,
        SessionPool pool, PublicationRegistry registry, ResourceMonitor resources, IOptions<PublicationsOptions> options, HttpContext context)
    {
        resources.Require(descriptors: 0);
        LiftBodyLimits(context);
        var query = new PublicationQuery(track_type, pace, loop, profile, bitrate_bps, dtx, frame_rate);
        var native = pool.Get(id, context.User).RequireNative();
        var wanted = PublicationRequest.From(name, context.Request, query, options.Value.StallTimeout);

        await using var publication = await native.PublishAsync(wanted, context.RequestAborted);
        using var listed = registry.Add(id, publication);
        var ended = await PublicationFeed.RunAsync(context.Request.BodyReader, publication, context.RequestAborted);
        return TypedResults.Ok(Describe(ended, publication.TrackId));
    }

    private static async Task<Ok<PublicationsResponse>> ListAsync(
        string id, SessionPool pool, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var running = await pool.Get(id, caller).RequireNative().GetPublicationsAsync(cancellationToken);
        return TypedResults.Ok(new PublicationsResponse(running
            .Select(one => new PublicationResponse(
                one.Name, one.TrackType, one.Format, one.Codec is "" ? null : one.Codec, one.TrackId, one.Packets, one.Bytes,
                one.DurationMs, one.KeyframeRequests))
            .ToList()));
    }

    private static async Task<NoContent> StopAsync(
        string id, string name, SessionPool pool, PublicationRegistry registry, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var publication = registry.Find(pool.Get(id, caller).Id, name)
            ?? throw new ProblemException(ProblemTypes.PublicationNotFound, "Nothing is being published under this name.");
        await publication.CloseAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>A live body is as long, and as slow, as what is being said; silence is bounded by the stall timeout instead.</summary>
    private static void LiftBodyLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private static PublicationEndedResponse Describe(PublicationEnded ended, string trackId) => ended.Reason switch
    {
        "completed" or "closed" => new(
            ended.Name, ProtoNames.Of(ended.TrackType) ?? "unknown", trackId, ended.Reason,
            ended.DurationMs, ended.Packets, ended.Bytes),
        _ when ended.Error is { } error => throw RtcProblems.From(error),
        "session_ended" => throw new ProblemException(
            ProblemTypes.SessionEnded, "The session ended before the publication did."),
        _ => throw new ProblemException(ProblemTypes.Internal, $"The publication ended: {ended.Reason}."),
    };
}
