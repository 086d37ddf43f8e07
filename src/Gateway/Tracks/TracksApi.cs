using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Media;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;
using StreamGateway.Sessions;
using StreamGateway.Settings;

namespace StreamGateway.Tracks;

/// <summary>Media out: the tracks of others, and what they carry.</summary>
internal static class TracksApi
{
    public static IServiceCollection AddTracks(this IServiceCollection services) =>
        services.AddSettings<TracksOptions>(TracksOptions.Section);

    public static void MapTracks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions/{id}/tracks").WithTags("Media");

        group.MapGet("/", List)
            .WithSummary("Lists the tracks of the others in the call")
            .RequireAuthorization(Scopes.SessionsRead);
        group.MapGet("/{track_id}/media", ListenAsync)
            .WithSummary("Plays a track, live, until it or the client ends")
            .WithDescription(
                "`track_id` is `X:audio`, `X:video`, `X:screen_share` or `X:screen_share_audio` with X a participant session id or a "
                + $"user id; `wait_ms` waits for a track that is not there yet. `Accept` is one of {MediaFormat.Names}, the samples with "
                + "`rate` and `channels`; video is sent as its codec asks when the header leaves it open. A client too slow loses the "
                + "oldest media, and hears of it in `sink_lagged`.")
            .Produces<byte[]>(StatusCodes.Status200OK, MediaFormat.Ogg.ContentType, [.. MediaFormat.All.Skip(1).Select(format => format.ContentType)])
            .RequireAuthorization(Scopes.SessionsRead)
            .AcceptTicket();
    }

    private static Ok<TracksResponse> List(string id, SessionPool pool, ClaimsPrincipal caller) =>
        TypedResults.Ok(pool.Get(id, caller).DescribeTracks());

    private static async Task ListenAsync(
        string id, string track_id, int? wait_ms, SessionPool pool, Listeners listeners, IOptions<TracksOptions> options, HttpContext context)
    {
        var native = pool.Get(id, context.User).RequireNative();
        var wanted = ReadRequest(track_id, wait_ms, options.Value, context.Request, out var accepted);
        using var place = listeners.Enter(id);

        await using var sink = await OpenAsync(native, wanted, context.RequestAborted);
        await MediaResponse.SendAsync(
            context, sink, accepted.ContentTypeOf(sink.Format), options.Value.StalledListenerTimeout);
    }

    private static async Task<RtcSink> OpenAsync(RtcSession native, RtcListenOptions wanted, CancellationToken cancellationToken)
    {
        try
        {
            return await native.ListenAsync(wanted, cancellationToken);
        }
        catch (RtcException failure) when (failure.Kind == RtcError.UnsupportedFormat)
        {
            throw new ProblemException(ProblemTypes.NotAcceptable, failure.Message, failure);
        }
    }

    private static RtcListenOptions ReadRequest(
        string trackId, int? waitMs, TracksOptions options, HttpRequest request, out AcceptedMedia accepted)
    {
        var errors = new RequestErrors();
        var colon = trackId.LastIndexOf(':');
        var type = colon < 1 || trackId.Length > 300 ? null : Json.ProtoNames.ParseTrackType(trackId[(colon + 1)..]);
        if (type is null)
        {
            errors.Add("track_id", "must be X:audio, X:video, X:screen_share or X:screen_share_audio, with X a participant session id or a user id, of at most 300 characters");
        }

        if (waitMs is { } wait && (wait < 0 || wait > options.MaxWait.TotalMilliseconds))
        {
            errors.Add("wait_ms", $"must be between 0 and {options.MaxWait.TotalMilliseconds:0}");
        }

        errors.ThrowIfAny();
        var video = type is TrackType.Video or TrackType.ScreenShare;
        accepted = AcceptedMedia.Negotiate(request.Headers.Accept, video);
        return new RtcListenOptions
        {
            Track = trackId,
            Format = accepted.Format?.NativeName,
            Rate = accepted.Shape.Rate,
            Channels = accepted.Shape.Channels,
            Wait = TimeSpan.FromMilliseconds(waitMs ?? 0),
            BufferBytes = video ? options.VideoBufferBytes : options.BufferBytes,
        };
    }
}
