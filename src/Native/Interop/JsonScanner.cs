using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace StreamGateway.Native.Interop;

/// <summary>Finds where a JSON object or array ends, without reading what is in it.</summary>
/// <remarks>
/// Works on 64 bytes at a time: one mask of quotes tells what lies inside strings, one of brackets what opens and closes.
/// That costs a tenth of a reader's walk over every token. Text with a backslash is left to the reader.
/// </remarks>
internal static class JsonScanner
{
    private const int BlockSize = 64;
    private const int HalfBlock = BlockSize / 2;

    /// <summary>
    /// The length of the object or array that <paramref name="json"/> begins with; -1 when only a reader can tell, as with
    /// less text than half a block.
    /// </summary>
    // Never inlined: returning clears the upper halves of the vector registers. Were they in use while the plugin runs, its SSE
    // code would wait for them; that cost 120 ns a call on the processor it was measured on.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static int LengthOfFirstValue(ReadOnlySpan<byte> json)
    {
        if (json.Length < HalfBlock || (json[0] != '{' && json[0] != '['))
        {
            return -1;
        }

        ref var text = ref MemoryMarshal.GetReference(json);
        var insideString = 0ul;
        var depth = 0;
        for (var start = 0; start < json.Length; start += BlockSize)
        {
            // The last block reaches back, so that it never needs padding; what it repeats is shifted out.
            var size = Math.Min(json.Length, BlockSize);
            var repeated = Math.Max(start + size - json.Length, 0);
            ref var block = ref Unsafe.Add(ref text, start - repeated);
            var low = Vector256.LoadUnsafe(ref block);
            var high = Vector256.LoadUnsafe(ref block, (nuint)(size - HalfBlock));
            if (HasBackslash(low, high))
            {
                return -1;
            }

            var strings = PrefixXor(Mask(low, high, (byte)'"', size) >> repeated) ^ insideString;
            insideString = (ulong)((long)strings >> (BlockSize - 1));

            // '{' and '[', '}' and ']' differ in one bit only.
            low |= Vector256.Create((byte)0x20);
            high |= Vector256.Create((byte)0x20);
            var opens = (Mask(low, high, (byte)'{', size) >> repeated) & ~strings;
            var closes = (Mask(low, high, (byte)'}', size) >> repeated) & ~strings;
            if (FindEnd(opens, closes, ref depth) is var end and >= 0)
            {
                return start + end;
            }
        }

        return -1;
    }

    private static int FindEnd(ulong opens, ulong closes, ref int depth)
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

    private static bool HasBackslash(Vector256<byte> low, Vector256<byte> high)
    {
        var backslash = Vector256.Create((byte)'\\');
        return (Vector256.Equals(low, backslash) | Vector256.Equals(high, backslash)) != Vector256<byte>.Zero;
    }

    // One bit a byte; the halves overlap when the text is shorter than a block.
    private static ulong Mask(Vector256<byte> low, Vector256<byte> high, byte value, int size)
    {
        var wanted = Vector256.Create(value);
        return Vector256.Equals(low, wanted).ExtractMostSignificantBits()
            | (ulong)Vector256.Equals(high, wanted).ExtractMostSignificantBits() << (size - HalfBlock);
    }

    // Each bit becomes the parity of all bits up to it: set from an opening quote up to its closing one.
    private static ulong PrefixXor(ulong bits)
    {
        if (Pclmulqdq.IsSupported)
        {
            return Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(bits), Vector128<ulong>.AllBitsSet, 0).ToScalar();
        }

        for (var distance = 1; distance < BlockSize; distance *= 2)
        {
            bits ^= bits << distance;
        }

        return bits;
    }
}
