namespace StreamGateway.Tests.Browser;

/// <summary>What the browser's camera and microphone play.</summary>
internal static class Material
{
    /// <summary>Three seconds of a moving picture, 640x360 at 15 frames a second.</summary>
    public static async Task<string> CameraAsync()
    {
        var file = Repository.Artifact("camera.y4m");
        await Tool.RunAsync(
            "ffmpeg",
            ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15:duration=3", "-pix_fmt", "yuv420p", file]);
        return file;
    }

    /// <summary>Speech, and a second of silence after it.</summary>
    public static async Task<string> MicrophoneAsync()
    {
        var file = Repository.Artifact("microphone.wav");
        await Tool.RunAsync(
            "ffmpeg",
            ["-v", "error", "-y", "-i", "pipe:0", "-af", "apad=pad_dur=1", "-ar", "48000", "-ac", "1", file],
            await Speech.OggAsync());
        return file;
    }
}
