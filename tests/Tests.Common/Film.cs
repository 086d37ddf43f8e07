namespace StreamGateway.Tests;

/// <summary>A moving picture made by ffmpeg, and how alike received pictures are.</summary>
public static class Film
{
    public const int Width = 320;
    public const int Height = 180;
    public const int FrameRate = 30;

    private static readonly Dictionary<string, string[]> Encoders = new()
    {
        ["vp8"] = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-auto-alt-ref", "0", "-f", "ivf"],
        ["vp9"] = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-f", "ivf"],
        ["av1"] = ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-lag-in-frames", "0", "-f", "ivf"],
        ["h264"] = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "1500k", "-pix_fmt", "yuv420p", "-f", "h264"],
    };

    /// <summary>The film as a file of a codec, with a keyframe every <paramref name="group"/> frames.</summary>
    public static Task<byte[]> MakeAsync(string codec, int frames, int group = 15) =>
        Tool.RunAsync("ffmpeg", [.. Source(frames), "-g", $"{group}", "-keyint_min", $"{group}", .. Encoders[codec], "-"]);

    /// <summary>Its pictures before they were encoded, gray.</summary>
    public static async Task<IReadOnlyList<byte[]>> PicturesAsync(int frames) =>
        Cut(await Tool.RunAsync("ffmpeg", [.. Source(frames), "-pix_fmt", "gray", "-f", "rawvideo", "-"]));

    /// <summary>The pictures that ffmpeg sees in a file.</summary>
    public static async Task<IReadOnlyList<byte[]>> DecodeAsync(string format, byte[] file) =>
        Cut(await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-f", format, "-i", "-", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"], file));

    /// <summary>The least likeness (PSNR in dB) of pictures to a film that loops, from whatever frame they begin with.</summary>
    public static double LeastLikeness(IReadOnlyList<byte[]> seen, IReadOnlyList<byte[]> film)
    {
        var start = Enumerable.Range(0, film.Count).MaxBy(at => Likeness(seen[0], film[at]));
        return seen.Select((picture, at) => Likeness(picture, film[(start + at) % film.Count])).Min();
    }

    /// <summary>The least likeness of pictures, every tenth of them, to whichever picture of a film is most like each.</summary>
    public static double LeastLikenessToAny(IReadOnlyList<byte[]> seen, IReadOnlyList<byte[]> film) =>
        seen.Where((_, at) => at % 10 == 0).Min(picture => film.Max(original => Likeness(picture, original)));

    /// <summary>PSNR in dB; 100 for the same picture.</summary>
    public static double Likeness(byte[] one, byte[] other)
    {
        var sum = 0.0;
        for (var i = 0; i < one.Length; i++)
        {
            var difference = (double)one[i] - other[i];
            sum += difference * difference;
        }

        return sum == 0 ? 100 : 10 * Math.Log10(255.0 * 255.0 * one.Length / sum);
    }

    private static string[] Source(int frames) =>
        ["-v", "error", "-f", "lavfi", "-i", $"testsrc2=size={Width}x{Height}:rate={FrameRate}", "-frames:v", $"{frames}"];

    private static IReadOnlyList<byte[]> Cut(byte[] raw) => raw.Chunk(Width * Height).Where(picture => picture.Length == Width * Height).ToList();
}
