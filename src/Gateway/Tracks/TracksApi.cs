using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;
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
                "`track_id` is `X:audio` with X a participant session id or a user id; `wait_ms` waits for a track that is "
                + $"not there yet. Accepts {MediaFormat.Supported}. A client too slow loses the oldest media, and hears of it in `sink_lagged`.")
            .Produces<byte[]>(StatusCodes.Status200OK, MediaFormat.All[0].ContentType)
            .RequireAuthorization(Scopes.SessionsRead)
            .AcceptTicket();
    }

    private static Ok<TracksResponse> List(string id, SessionPool pool) => TypedResults.Ok(pool.Get(id).DescribeTracks());

    private static async Task ListenAsync(
        string id, string track_id, int? wait_ms, SessionPool pool, IOptions<TracksOptions> options, HttpContext context)
    {
        var native = pool.Get(id).RequireNative();
        var wanted = ReadRequest(track_id, wait_ms, options.Value, context.Request, out var format);

        await using var sink = await native.ListenAsync(wanted, context.RequestAborted);
        Prepare(context, format, options.Value);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        await sink.CopyToAsync(context.Response.BodyWriter, context.RequestAborted);
    }

    private static RtcListenOptions ReadRequest(
        string trackId, int? waitMs, TracksOptions options, HttpRequest request, out MediaFormat format)
    {
        format = MediaFormat.Negotiate(request.Headers.Accept)
            ?? throw new ProblemException(
                ProblemTypes.NotAcceptable, $"A track can be sent as {MediaFormat.Supported}.");

        var errors = new RequestErrors();
        var colon = trackId.LastIndexOf(':');
        if (trackId.Length > 300 || colon < 1 || Json.ProtoNames.ParseTrackType(trackId[(colon + 1)..]) is null)
        {
            errors.Add("track_id", "must be X:audio, with X a participant session id or a user id, of at most 300 characters");
        }

        if (waitMs is { } wait && (wait < 0 || wait > options.MaxWait.TotalMilliseconds))
        {
            errors.Add("wait_ms", $"must be between 0 and {options.MaxWait.TotalMilliseconds:0}");
        }

        errors.ThrowIfAny();
        return new RtcListenOptions
        {
            Track = trackId,
            Format = format.NativeName,
            Wait = TimeSpan.FromMilliseconds(waitMs ?? 0),
            BufferBytes = options.BufferBytes,
        };
    }

    private static void Prepare(HttpContext context, MediaFormat format, TracksOptions options)
    {
        context.Response.ContentType = format.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(bytesPerSecond: 1, gracePeriod: options.StalledListenerTimeout);
        }
    }
}
