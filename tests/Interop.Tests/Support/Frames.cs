namespace StreamGateway.Tests;

/// <summary>Decoded pictures of one size, in I420.</summary>
/// <param name="Width">In pixels, even.</param>
/// <param name="Height">In pixels, even.</param>
/// <param name="Pictures">Luma, then both chromas at a quarter of the size, for each picture.</param>
public sealed record Frames(int Width, int Height, IReadOnlyList<byte[]> Pictures)
{
    /// <summary>Decodes with ffmpeg, which shares no code with what is tested, and scales to a size.</summary>
    public static async Task<Frames> DecodeAsync(byte[] video, int width, int height)
    {
        var raw = await Tool.RunAsync(
            "ffmpeg",
            [
                "-v", "error", "-i", "pipe:0", "-vf", $"scale={width}:{height}:flags=area", "-pix_fmt", "yuv420p",
                "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1",
            ],
            video);
        return FromRaw(width, height, raw);
    }

    public static Frames FromRaw(int width, int height, byte[] raw) =>
        new(width, height, [.. raw.Chunk(width * height * 3 / 2)]);

    /// <summary>Each of these pictures is one of those that were shown, at 30 dB or better.</summary>
    public void AssertAmong(Frames shown)
    {
        Assert.Equal((shown.Width, shown.Height), (Width, Height));
        var quality = BestPsnrAgainst(shown);
        Assert.True(quality.Min() >= 30, $"{Width}x{Height}: {string.Join(", ", quality.Select(psnr => $"{psnr:F1} dB"))}");
    }

    /// <summary>
    /// The peak signal-to-noise ratio in dB, of the luma, between each picture and that of <paramref name="originals"/> which
    /// it is most like.
    /// </summary>
    private IReadOnlyList<double> BestPsnrAgainst(Frames originals) =>
        [.. Pictures.Select(picture => originals.Pictures.Max(original => LumaPsnr(picture, original)))];

    private double LumaPsnr(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        long squares = 0;
        for (var at = 0; at < Width * Height; at++)
        {
            var difference = one[at] - other[at];
            squares += difference * difference;
        }

        return 10 * Math.Log10(255.0 * 255.0 / Math.Max((double)squares / (Width * Height), 1e-4));
    }
}
