using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace StreamGateway.Tests;

/// <summary>Decoded mono sound, and how alike two of them are.</summary>
public sealed class Sound
{
    public const int SampleRate = 8_000;

    private readonly float[] _samples;

    private Sound(float[] samples) => _samples = samples;

    public TimeSpan Duration => TimeSpan.FromSeconds((double)_samples.Length / SampleRate);

    /// <summary>Decodes with ffmpeg, which shares no code with what is tested.</summary>
    public static async Task<Sound> DecodeAsync(byte[] file)
    {
        var raw = await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-i", "pipe:0", "-f", "f32le", "-ac", "1", "-ar", $"{SampleRate}", "pipe:1"], file);
        return new Sound(MemoryMarshal.Cast<byte, float>(raw).ToArray());
    }

    /// <summary>The highest normalized cross-correlation over shifts of up to half a second; 1 for equal sounds.</summary>
    public double CorrelationWith(Sound other)
    {
        var best = 0.0;
        for (var shift = -SampleRate / 2; shift <= SampleRate / 2; shift++)
        {
            best = Math.Max(best, CorrelationAt(other, shift));
        }

        return best;
    }

    private double CorrelationAt(Sound other, int shift)
    {
        var mine = _samples.AsSpan(Math.Max(0, shift));
        var theirs = other._samples.AsSpan(Math.Max(0, -shift));
        var length = Math.Min(mine.Length, theirs.Length);
        if (length == 0)
        {
            return 0;
        }

        var product = TensorPrimitives.Dot<float>(mine[..length], theirs[..length]);
        // Against the whole sounds, so that a missing part lowers the result instead of shortening the comparison.
        var energies = (double)TensorPrimitives.SumOfSquares<float>(_samples) * TensorPrimitives.SumOfSquares<float>(other._samples);
        return energies == 0 ? 0 : product / Math.Sqrt(energies);
    }
}
