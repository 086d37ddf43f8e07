using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace StreamGateway.Tests;

/// <summary>Decoded mono sound, and how alike two of them are.</summary>
public sealed class Sound
{
    public const int SampleRate = 8_000;

    /// <summary>What <see cref="FoundIn"/> tells at least of speech that came through two encoders and a pause of the machine or two.</summary>
    public const double Alike = 0.8;

    // For finding: 120 ms, which may be up to 160 ms off, after half a second that is looked for everywhere.
    private const int Piece = SampleRate * 120 / 1000;
    private const int Drift = SampleRate * 160 / 1000;
    private const int AnchorPieces = 4;

    // A machine that stood still makes players wait: up to a second off, half a second is looked for again.
    private const int Pause = SampleRate;

    private const double Fits = 0.7;

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

    /// <summary>This sound again and again, for <paramref name="times"/> times.</summary>
    public Sound Repeated(int times) => new([.. Enumerable.Repeat(_samples, times).SelectMany(samples => samples)]);

    /// <summary>
    /// How much of this sound is one stretch of <paramref name="whole"/>, as the correlation of short pieces that each count
    /// by their energy; 1 when all of it is there. From piece to piece a player may have hurried or waited, as players of
    /// live sound do: that costs the pieces it happened in.
    /// </summary>
    public double FoundIn(Sound whole)
    {
        var count = _samples.Length / Piece;
        var anchor = LoudestPiece(count - AnchorPieces + 1);
        var place = whole.Find(_samples.AsSpan(anchor * Piece, AnchorPieces * Piece), 0, whole._samples.Length).Place;
        var (found, all) = (0.0, 0.0);
        Follow(anchor, count, +1);
        Follow(anchor - 1, -1, -1);
        return all == 0 ? 0 : found / all;

        void Follow(int first, int end, int step)
        {
            var expected = place + (first - anchor) * Piece;
            for (var index = first; index != end; index += step)
            {
                ReadOnlySpan<float> piece = _samples.AsSpan(index * Piece, Piece);
                double energy = TensorPrimitives.SumOfSquares(piece);
                var (here, correlation) = whole.Find(piece, expected - Drift, expected + Drift);
                if (correlation <= Fits && FindAgain(index, step, expected) is { } again)
                {
                    (here, correlation) = whole.Find(piece, again - Drift, again + Drift);
                    expected = again;
                }

                found += energy * correlation;
                all += energy;
                // Silence fits anywhere: it tells nothing of where the player is.
                expected = (correlation > Fits ? here : expected) + step * Piece;
            }
        }

        int? FindAgain(int index, int step, int expected)
        {
            var first = step > 0 ? index : index - AnchorPieces + 1;
            if (first < 0 || first + AnchorPieces > count)
            {
                return null;
            }

            var start = expected + (first - index) * Piece;
            var (here, correlation) = whole.Find(_samples.AsSpan(first * Piece, AnchorPieces * Piece), start - Pause, start + Pause);
            return correlation > Fits ? here + (index - first) * Piece : null;
        }
    }

    private int LoudestPiece(int count)
    {
        if (count < 1)
        {
            throw new InvalidOperationException($"{Duration.TotalMilliseconds:0} ms of sound are too little to be looked for.");
        }

        return Enumerable.Range(0, count).MaxBy(index => TensorPrimitives.SumOfSquares<float>(_samples.AsSpan(index * Piece, Piece)));
    }

    /// <summary>Where a piece fits best between two places, and its correlation there.</summary>
    private (int Place, double Correlation) Find(ReadOnlySpan<float> piece, int from, int to)
    {
        var norm = TensorPrimitives.Norm(piece);
        var best = (Place: (from + to) / 2, Correlation: 0.0);
        for (var place = Math.Max(0, from); place <= Math.Min(to, _samples.Length - piece.Length); place++)
        {
            ReadOnlySpan<float> here = _samples.AsSpan(place, piece.Length);
            var energies = norm * TensorPrimitives.Norm(here);
            var correlation = energies == 0 ? 0 : TensorPrimitives.Dot(here, piece) / energies;
            if (correlation > best.Correlation)
            {
                best = (place, correlation);
            }
        }

        return best;
    }
}
