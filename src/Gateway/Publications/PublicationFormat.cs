using System.Net.Http.Headers;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Publications;

/// <summary>A media format that can be published.</summary>
/// <param name="ContentTypes">Content types that name it.</param>
/// <param name="NativeName">Its name in the native library.</param>
/// <param name="DefaultTrackType">What is published when the request does not say.</param>
/// <param name="TrackTypes">What it can be published as.</param>
internal sealed record PublicationFormat(
    string[] ContentTypes, string NativeName, TrackType DefaultTrackType, TrackType[] TrackTypes)
{
    /// <summary>Everything this service can publish; a new format is a new line.</summary>
    public static readonly PublicationFormat[] All =
    [
        new(["audio/ogg", "application/ogg"], "ogg", TrackType.Audio, [TrackType.Audio, TrackType.ScreenShareAudio]),
    ];

    public static readonly string Supported = string.Join(", ", All.SelectMany(format => format.ContentTypes));

    /// <summary>Null when the content type is missing or not one that can be published.</summary>
    public static PublicationFormat? Find(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            ? Array.Find(All, format => format.ContentTypes.Contains(parsed.MediaType, StringComparer.OrdinalIgnoreCase))
            : null;
}
