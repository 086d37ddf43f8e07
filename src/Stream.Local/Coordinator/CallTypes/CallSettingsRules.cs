using System.Text.Json.Nodes;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.CallTypes;

/// <summary>The settings calls start with, and how a request changes them.</summary>
/// <remarks>Requests and answers name their settings alike, so a change is a tree laid over another.</remarks>
internal static class CallSettingsRules
{
    private const string DefaultsJson = """
        {
          "audio": {
            "mic_default_on": true, "speaker_default_on": true, "default_device": "speaker", "opus_dtx_enabled": true,
            "redundant_coding_enabled": true, "hifi_audio_enabled": false, "access_request_enabled": true,
            "noise_cancellation": { "mode": "available" }
          },
          "video": {
            "enabled": true, "camera_default_on": true, "camera_facing": "front", "access_request_enabled": true,
            "target_resolution": { "width": 1280, "height": 720, "bitrate": 1400000 }
          },
          "screensharing": {
            "enabled": true, "access_request_enabled": true,
            "target_resolution": { "width": 1920, "height": 1080, "bitrate": 3000000 }
          },
          "backstage": { "enabled": false },
          "limits": { "max_participants_exclude_roles": [] },
          "ring": {
            "auto_cancel_timeout_ms": 15000, "incoming_call_timeout_ms": 15000, "missed_call_timeout_ms": 15000
          },
          "session": { "inactivity_timeout_seconds": 30 },
          "recording": {
            "audio_only": false, "mode": "available", "quality": "720p",
            "layout": { "name": "spotlight", "external_app_url": "", "external_css_url": "" }
          },
          "individual_recording": { "mode": "disabled" },
          "raw_recording": { "mode": "disabled" },
          "frame_recording": { "mode": "disabled", "capture_interval_in_seconds": 5 },
          "transcription": { "mode": "disabled", "closed_caption_mode": "disabled", "language": "auto" },
          "broadcasting": {
            "enabled": false,
            "hls": {
              "enabled": false, "auto_on": false, "quality_tracks": [],
              "layout": { "name": "spotlight", "external_app_url": "", "external_css_url": "" }
            },
            "rtmp": {
              "enabled": false, "quality": "720p",
              "layout": { "name": "spotlight", "external_app_url": "", "external_css_url": "" }
            }
          },
          "geofencing": { "names": [] },
          "thumbnails": { "enabled": false },
          "encryption": { "mode": "disabled" }
        }
        """;

    private static readonly (string Path, int Min, int Max)[] s_ranges =
    [
        ("ring.auto_cancel_timeout_ms", 5_000, 180_000),
        ("ring.incoming_call_timeout_ms", 5_000, 180_000),
        ("ring.missed_call_timeout_ms", 5_000, 180_000),
        ("session.inactivity_timeout_seconds", 5, 900),
        ("frame_recording.capture_interval_in_seconds", 2, 60),
        ("video.target_resolution.width", 240, 3_840),
        ("video.target_resolution.height", 240, 3_840),
        ("video.target_resolution.bitrate", 0, 6_000_000),
        ("screensharing.target_resolution.width", 240, 3_840),
        ("screensharing.target_resolution.height", 240, 3_840),
        ("screensharing.target_resolution.bitrate", 0, 6_000_000),
        ("limits.max_duration_seconds", 0, int.MaxValue),
        ("limits.max_participants", 0, int.MaxValue),
        ("backstage.join_ahead_time_seconds", 0, int.MaxValue),
    ];

    /// <param name="overrides">JSON laid over the defaults.</param>
    public static CallSettingsResponse Create(string overrides = "{}")
    {
        var tree = Parse(DefaultsJson);
        ModelJson.Overlay(tree, Parse(overrides));
        return ModelJson.FromTree<CallSettingsResponse>(tree);
    }

    /// <summary>The settings with what the request names put over them; the given ones stay as they are.</summary>
    /// <exception cref="ApiException">A value is out of range.</exception>
    public static CallSettingsResponse Apply(CallSettingsResponse settings, CallSettingsRequest? request)
    {
        if (request is null)
            return settings;
        var changes = ModelJson.ToTree(request);
        Validate(changes);
        var tree = ModelJson.ToTree(settings);
        ModelJson.Overlay(tree, changes);
        return ModelJson.FromTree<CallSettingsResponse>(tree);
    }

    private static void Validate(JsonObject changes)
    {
        foreach (var (path, min, max) in s_ranges)
        {
            JsonNode? node = changes;
            foreach (var name in path.Split('.'))
                node = (node as JsonObject)?[name];
            if (node is JsonValue value && value.TryGetValue<int>(out var number))
                Limits.Range(number, min, max, $"settings.{path}");
        }
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;
}
