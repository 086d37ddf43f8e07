using System.Text;

namespace StreamGateway.Native.Interop;

/// <summary>The type tags in use, as UTF-8 with a NUL behind them, so that a call need not make its own copy.</summary>
/// <remarks>
/// Safe from any thread: an entry never changes. Holds a bounded number of short tags; the first come stay. Tags beyond
/// that are copied for each call.
/// </remarks>
internal sealed class TagCache
{
    private const int Capacity = 128; // a power of two
    private const int Probes = 4;
    private const int MaxTagBytes = 256;

    private readonly Entry?[] _entries = new Entry?[Capacity];

    /// <summary>The tag with its NUL, or null when it has to be copied.</summary>
    /// <exception cref="ArgumentException">The tag holds a NUL.</exception>
    internal byte[]? Find(ReadOnlySpan<byte> tag)
    {
        var start = tag.IsEmpty ? 0 : Slot(tag.Length, tag[0], tag[^1]);
        for (var i = start; i != start + Probes; i++)
        {
            var entry = Volatile.Read(ref _entries[i & (Capacity - 1)]);
            if (entry is null)
            {
                return Add(i & (Capacity - 1), Encoding.UTF8.GetString(tag), tag);
            }

            if (tag.SequenceEqual(entry.Utf8.AsSpan(0, entry.Utf8.Length - 1)))
            {
                return entry.Utf8;
            }
        }

        return null;
    }

    /// <inheritdoc cref="Find(ReadOnlySpan{byte})"/>
    internal byte[]? Find(string tag)
    {
        var start = tag.Length == 0 ? 0 : Slot(tag.Length, tag[0], tag[^1]);
        for (var i = start; i != start + Probes; i++)
        {
            var entry = Volatile.Read(ref _entries[i & (Capacity - 1)]);
            if (entry is null)
            {
                return Add(i & (Capacity - 1), tag, Encoding.UTF8.GetBytes(tag));
            }

            if (entry.Text == tag)
            {
                return entry.Utf8;
            }
        }

        return null;
    }

    /// <exception cref="ArgumentException">The tag holds a NUL.</exception>
    internal static void RequireNoNul(ReadOnlySpan<byte> tag)
    {
        if (tag.Contains((byte)0))
        {
            throw new ArgumentException("A type tag holds no NUL.", nameof(tag));
        }
    }

    private byte[]? Add(int slot, string text, ReadOnlySpan<byte> tag)
    {
        RequireNoNul(tag);
        if (tag.Length > MaxTagBytes)
        {
            return null;
        }

        var utf8 = new byte[tag.Length + 1];
        tag.CopyTo(utf8);
        Interlocked.CompareExchange(ref _entries[slot], new Entry(utf8, text), null);
        return utf8;
    }

    private static int Slot(int length, int first, int last) => length * 31 + first * 7 + last * 13;

    private sealed record Entry(byte[] Utf8, string Text);
}
