namespace StreamGateway.Tests.Browser;

/// <summary>What the browser's camera and microphone play.</summary>
internal static class Material
{
    // Chromium takes three simulcast layers from 960x540 on; all sides here are even.
    public const int Width = 1024;
    public const int Height = 576;
    public const int FilmWidth = Width / 2;
    public const int FilmHeight = Height / 2;
    private const int FrameRate = 10;

    private static readonly Lazy<Task<byte[]>> MadeMovie = new(MakeMovieAsync);

    /// <summary>Two seconds of a picture that moves, each frame unlike the others.</summary>
    public static async Task<string> CameraAsync()
    {
        var file = Repository.Artifact("camera.y4m");
        await File.WriteAllBytesAsync(file, await MadeMovie.Value);
        return file;
    }

    /// <summary>The frames of the camera at a width, as a scaler of good quality makes them.</summary>
    public static Task<Frames> CameraFramesAsync(int width, int height) => MadeMovie.Value.ContinueWith(
        movie => Frames.DecodeAsync(movie.Result, width, height), TaskScheduler.Default).Unwrap();

    /// <summary>Six seconds of the same picture for a bot, 512x288, as VP8 with a keyframe each second.</summary>
    public static async Task<byte[]> FilmAsync() => await Tool.RunAsync(
        "ffmpeg",
        [
            "-v", "error", "-stream_loop", "2", "-i", await CameraAsync(), "-vf", $"scale={FilmWidth}:{FilmHeight}",
            "-c:v", "libvpx", "-b:v", "1M", "-g", $"{FrameRate}", "-deadline", "realtime", "-cpu-used", "8", "-f", "ivf", "pipe:1",
        ]);

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

    private static Task<byte[]> MakeMovieAsync() => Tool.RunAsync(
        "ffmpeg",
        [
            // Soft edges: every scaler agrees on them.
            "-v", "error", "-f", "lavfi", "-i", $"testsrc2=size={Width}x{Height}:rate={FrameRate}:duration=2,gblur=sigma=3",
            "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1",
        ]);
}
