using System.Text.RegularExpressions;
using StreamGateway.Errors;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Publications;

/// <summary>What a client wants to publish: name, content type and queries, checked.</summary>
internal static partial class PublicationRequest
{
    /// <exception cref="ProblemException">Something of the request is not usable.</exception>
    public static RtcPublishOptions From(
        string name, HttpRequest request, string? trackType, string? pace, bool? loop, TimeSpan stallTimeout)
    {
        var format = PublicationFormat.Find(request.ContentType)
            ?? throw new ProblemException(
                ProblemTypes.UnsupportedMediaType, $"The Content-Type must be one of {PublicationFormat.Supported}.");

        var errors = new RequestErrors();
        if (!ValidName().IsMatch(name))
        {
            errors.Add("name", "must be 1 to 64 letters, digits, or _ - .");
        }

        var track = trackType is null ? format.DefaultTrackType : ProtoNames.ParseTrackType(trackType);
        if (track is not { } known || !format.TrackTypes.Contains(known))
        {
            errors.Add(
                "track_type", $"must be one of {string.Join(", ", format.TrackTypes.Select(ProtoNames.Of))} for this Content-Type");
        }

        if (pace is not (null or "realtime" or "asap"))
        {
            errors.Add("pace", "must be realtime or asap");
        }

        errors.ThrowIfAny();
        return new RtcPublishOptions
        {
            Name = name,
            TrackType = track!.Value,
            Format = format.NativeName,
            Pace = pace == "asap" ? RtcPace.Asap : RtcPace.Realtime,
            Loop = loop,
            StallTimeout = stallTimeout,
        };
    }

    [GeneratedRegex("^[A-Za-z0-9_.-]{1,64}$")]
    private static partial Regex ValidName();
}
