using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Json;

/// <summary>Protobuf enums in the words of the HTTP contract.</summary>
internal static class ProtoNames
{
    public static string? Of(TrackType type) => type switch
    {
        TrackType.Audio => "audio",
        TrackType.Video => "video",
        TrackType.ScreenShare => "screen_share",
        TrackType.ScreenShareAudio => "screen_share_audio",
        _ => null,
    };

    public static TrackType? ParseTrackType(string? name) => name switch
    {
        "audio" => TrackType.Audio,
        "video" => TrackType.Video,
        "screen_share" => TrackType.ScreenShare,
        "screen_share_audio" => TrackType.ScreenShareAudio,
        _ => null,
    };

    public static string? Of(ConnectionQuality quality) => quality switch
    {
        ConnectionQuality.Poor => "poor",
        ConnectionQuality.Good => "good",
        ConnectionQuality.Excellent => "excellent",
        _ => null,
    };
}
