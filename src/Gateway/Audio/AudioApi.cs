using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Connections;
using StreamGateway.Errors;
using StreamGateway.Media;
using StreamGateway.Native.Rtc;
using StreamGateway.Sessions;
using StreamGateway.Settings;

namespace StreamGateway.Audio;

/// <summary>What a call sounds like: all participants as one, to listen to or to talk with.</summary>
internal static class AudioApi
{
    private const int MaxUsers = 100;

    public static IServiceCollection AddAudio(this IServiceCollection services) =>
        services.AddSettings<AudioOptions>(AudioOptions.Section);

    public static void MapAudio(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions/{id}/audio").WithTags("Media");

        group.MapGet("/", ListenAsync)
            .WithSummary("Plays everybody in the call as one, live, until the client or the session ends")
            .WithDescription(
                $"`users=a,b` hears only those. `Accept` is one of {MediaFormat.AudioNames}; the samples with `rate` (8,000 to 192,000) and "
                + "`channels` (1 to 8). It runs from the first moment on, silent while nobody is heard.")
            .Produces<byte[]>(StatusCodes.Status200OK, MediaFormat.Ogg.ContentType, "audio/wav", "audio/l16", "audio/pcm")
            .RequireAuthorization(Scopes.SessionsRead)
            .AcceptTicket();
        group.MapGet("/socket", TalkAsync)
            .WithSummary("WebSocket for voice agents: samples both ways, and text frames that say who speaks")
            .WithDescription(
                "Binary frames are 16-bit samples (`format` `s16le` or `s16be`) of `rate` and `channels`; what the client sends is played in real "
                + "time as the session's microphone, however fast it comes. Text frames are JSON: the client sends `flush` and `mark`, and gets `ready`, "
                + "`speaker_started`, `speaker_stopped`, `flushed`, `mark`, `overflow`, `error`, `ended`.")
            .RequireAuthorization(Scopes.SessionsWrite)
            .AcceptTicket();
    }

    private static async Task ListenAsync(
        string id, string? users, SessionPool pool, Listeners listeners, IOptions<AudioOptions> options, HttpContext context)
    {
        var native = pool.Get(id, context.User).RequireNative();
        var errors = new RequestErrors();
        var selection = ReadUsers(users, errors);
        errors.ThrowIfAny();
        var accepted = AcceptedMedia.Negotiate(context.Request.Headers.Accept, video: false);
        using var place = listeners.Enter(id);

        await using var sink = await native.MixAsync(
            new RtcMixOptions
            {
                Users = selection,
                Format = accepted.Format!.NativeName,
                Rate = accepted.Shape.Rate,
                Channels = accepted.Shape.Channels,
                BufferBytes = options.Value.BufferBytes,
            },
            context.RequestAborted);
        await MediaResponse.SendAsync(
            context, sink, accepted.ContentTypeOf(sink.Format), options.Value.StalledListenerTimeout);
    }

    private static async Task TalkAsync(
        string id, string? users, int? rate, int? channels, string? format,
        SessionPool pool, Listeners listeners, IOptions<AudioOptions> options, HttpContext context)
    {
        var native = pool.Get(id, context.User).RequireNative();
        var errors = new RequestErrors();
        var selection = ReadUsers(users, errors);
        var shape = new SampleShape(rate ?? 16_000, channels ?? 1);
        if (shape.Rate is < SampleShape.MinRate or > 48_000)
        {
            errors.Add("rate", $"must be between {SampleShape.MinRate} and 48000");
        }

        if (shape.Channels is < 1 or > 2)
        {
            errors.Add("channels", "must be 1 or 2");
        }

        if (format is not (null or "s16le" or "s16be"))
        {
            errors.Add("format", "must be s16le or s16be");
        }

        errors.ThrowIfAny();
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw new ProblemException(ProblemTypes.InvalidRequest, "This route is a WebSocket: ask to upgrade the connection.");
        }

        using var place = listeners.Enter(id);
        context.SetStallTimeout(options.Value.StalledListenerTimeout);
        var wanted = new VoiceSocketRequest(selection, shape, format ?? "s16le", options.Value.SocketQueue);
        await using var voice = await VoiceSocket.OpenAsync(native, wanted, context.RequestAborted);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await voice.RunAsync(socket, context.RequestAborted);
    }

    private static RtcSelection ReadUsers(string? users, RequestErrors errors)
    {
        if (string.IsNullOrEmpty(users))
        {
            return RtcSelection.All;
        }

        var ids = users.Split(',', StringSplitOptions.TrimEntries);
        if (ids.Length > MaxUsers || ids.Any(id => id.Length is 0 or > 255))
        {
            errors.Add("users", $"must be 1 to {MaxUsers} user ids, separated by commas");
        }

        return RtcSelection.Users(ids);
    }
}
