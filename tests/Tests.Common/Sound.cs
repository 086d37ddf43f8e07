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
    /// <param name="file">What to decode.</param>
    /// <param name="format">Arguments of ffmpeg that tell its format, when the file itself does not.</param>
    public static async Task<Sound> DecodeAsync(byte[] file, params string[] format)
    {
        var raw = await Tool.RunAsync(
            "ffmpeg", ["-v", "error", .. format, "-i", "pipe:0", "-f", "f32le", "-ac", "1", "-ar", $"{SampleRate}", "pipe:1"], file);
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

    /// <summary>This sound again and again, for <paramref name="times"/> times.</summary>
    public Sound Repeated(int times) => new([.. Enumerable.Repeat(_samples, times).SelectMany(samples => samples)]);

    /// <summary>
    /// How much of this sound is somewhere in <paramref name="whole"/>: each piece is looked for by itself, so that a player
    /// may have waited or hurried between them, and counts by its energy. 1 when all of it is there.
    /// </summary>
    public double FoundIn(Sound whole, TimeSpan piece)
    {
        var length = (int)(piece.TotalSeconds * SampleRate);
        var (found, all) = (0.0, 0.0);
        foreach (var samples in _samples.Chunk(length).Where(chunk => chunk.Length == length))
        {
            double energy = TensorPrimitives.SumOfSquares<float>(samples);
            found += energy * whole.BestCorrelationOf(samples);
            all += energy;
        }

        return all == 0 ? 0 : found / all;
    }

    private double BestCorrelationOf(ReadOnlySpan<float> piece)
    {
        var norm = TensorPrimitives.Norm(piece);
        var best = 0.0;
        for (var shift = 0; shift + piece.Length <= _samples.Length; shift++)
        {
            ReadOnlySpan<float> here = _samples.AsSpan(shift, piece.Length);
            var energies = norm * TensorPrimitives.Norm(here);
            best = energies == 0 ? best : Math.Max(best, TensorPrimitives.Dot(here, piece) / energies);
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
