using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace StreamGateway.Native.Interop;

/// <summary>Text as it crosses the border: UTF-8, often terminated by a NUL.</summary>
internal static unsafe class NativeText
{
    internal static string ReadTerminated(byte* text) =>
        text == null ? "" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));

    /// <summary>UTF-8 with a NUL behind it.</summary>
    internal static byte[] Terminate(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>Reads an error text, whose length may or may not count a NUL at its end.</summary>
    internal static string Read(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text.TrimEnd((byte)0));
}

/// <summary>UTF-8 bytes with a NUL behind them, on the stack while they are few and in a pooled array otherwise.</summary>
internal ref struct Utf8Argument
{
    internal const int StackSize = 512;

    private readonly Span<byte> _bytes;
    private byte[]? _rented;

    internal Utf8Argument(ReadOnlySpan<char> text, Span<byte> stack)
    {
        // Three bytes a character is the most UTF-8 takes; only long texts pay for an exact count.
        var capacity = text.Length * 3L + 1 <= stack.Length ? stack.Length : Encoding.UTF8.GetByteCount(text) + 1;
        _bytes = Take(capacity, stack);
        Length = Encoding.UTF8.GetBytes(text, _bytes);
        _bytes[Length] = 0;
    }

    internal Utf8Argument(ReadOnlySpan<byte> text, Span<byte> stack)
    {
        _bytes = Take(text.Length + 1, stack);
        Length = text.Length;
        text.CopyTo(_bytes);
        _bytes[Length] = 0;
    }

    /// <summary>Bytes without the NUL.</summary>
    internal int Length { get; }

    /// <summary>The bytes without the NUL, which follows them.</summary>
    internal readonly ReadOnlySpan<byte> Span => _bytes[..Length];

    /// <summary>For <c>fixed</c>: the bytes are followed by the NUL.</summary>
    internal readonly ref readonly byte GetPinnableReference() => ref _bytes.GetPinnableReference();

    internal void Dispose()
    {
        if (_rented is { } rented)
        {
            _rented = null;
            // Requests may hold tokens.
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }
    }

    private Span<byte> Take(int capacity, Span<byte> stack) =>
        capacity <= stack.Length ? stack : _rented = ArrayPool<byte>.Shared.Rent(capacity);
}
