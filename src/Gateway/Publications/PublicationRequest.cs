using System.Text.RegularExpressions;
using Microsoft.Net.Http.Headers;
using StreamGateway.Errors;
using StreamGateway.Json;
using StreamGateway.Media;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Publications;

/// <summary>How a body is to be published. The defaults are the native library's.</summary>
/// <param name="TrackType"><c>audio</c>, <c>video</c>, <c>screen_share</c> or <c>screen_share_audio</c>, as the body's format allows.</param>
/// <param name="Pace"><c>realtime</c>, or <c>asap</c> for live senders that pace themselves.</param>
/// <param name="Loop">Begin again at the end, until it is stopped.</param>
/// <param name="Profile"><c>voice</c> or <c>music</c>; of samples.</param>
/// <param name="BitrateBps">Of samples, which become Opus.</param>
/// <param name="Dtx">Whether silence of samples is hardly sent.</param>
/// <param name="FrameRate">Of H.264 that does not tell its own.</param>
internal sealed record PublicationQuery(
    string? TrackType, string? Pace, bool? Loop, string? Profile, int? BitrateBps, bool? Dtx, double? FrameRate);

/// <summary>What a client wants to publish: name, content type and queries, checked.</summary>
internal static partial class PublicationRequest
{
    /// <exception cref="ProblemException">Something of the request is not usable.</exception>
    public static RtcPublishOptions From(string name, HttpRequest request, PublicationQuery query, TimeSpan stallTimeout)
    {
        var format = ReadFormat(request.ContentType, out var shape);
        var errors = new RequestErrors();
        if (!ValidName().IsMatch(name))
        {
            errors.Add("name", "must be 1 to 64 letters, digits, or _ - .");
        }

        TrackType[] allowed = format.IsVideo ? [TrackType.Video, TrackType.ScreenShare] : [TrackType.Audio, TrackType.ScreenShareAudio];
        var track = query.TrackType is null ? allowed[0] : ProtoNames.ParseTrackType(query.TrackType);
        if (track is not { } known || !allowed.Contains(known))
        {
            errors.Add("track_type", $"must be one of {string.Join(", ", allowed.Select(ProtoNames.Of))} for this Content-Type");
        }

        if (query.Pace is not (null or "realtime" or "asap"))
        {
            errors.Add("pace", "must be realtime or asap");
        }

        if (query.Profile is not (null or "voice" or "music"))
        {
            errors.Add("profile", "must be voice or music");
        }

        if (query.BitrateBps is < 6_000 or > 510_000)
        {
            errors.Add("bitrate_bps", "must be between 6000 and 510000");
        }

        if (query.FrameRate is < 1 or > 240)
        {
            errors.Add("frame_rate", "must be between 1 and 240");
        }

        errors.ThrowIfAny();
        return new RtcPublishOptions
        {
            Name = name,
            TrackType = track!.Value,
            Format = format.NativeName,
            Rate = shape?.Rate,
            Channels = shape?.Channels,
            FrameRate = query.FrameRate,
            BitrateBps = query.BitrateBps,
            Profile = query.Profile == "music" ? RtcAudioProfile.Music : null,
            Dtx = query.Dtx,
            Pace = query.Pace == "asap" ? RtcPace.Asap : RtcPace.Realtime,
            Loop = query.Loop,
            StallTimeout = stallTimeout,
        };
    }

    private static MediaFormat ReadFormat(string? contentType, out SampleShape? shape)
    {
        shape = null;
        var type = MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? parsed : null;
        var format = MediaFormat.Find(type)
            ?? throw new ProblemException(
                ProblemTypes.UnsupportedMediaType, $"The Content-Type must be one of {MediaFormat.Names}.");
        if (format.IsBare)
        {
            shape = SampleShape.Of(type!)
                ?? throw new ProblemException(
                    ProblemTypes.UnsupportedMediaType,
                    $"{format.ContentType} needs a rate of {SampleShape.MinRate} to {SampleShape.MaxRate} and may have 1 to "
                    + $"{SampleShape.MaxChannels} channels: {format.ContentType};rate=16000;channels=1.");
        }

        return format;
    }

    [GeneratedRegex("^[A-Za-z0-9_.-]{1,64}$")]
    private static partial Regex ValidName();
}
