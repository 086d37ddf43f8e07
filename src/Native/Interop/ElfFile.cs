using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamGateway.Native.Interop;

/// <summary>What the head of a shared library says, read before the loader runs any of its code.</summary>
internal sealed class ElfFile
{
    private const int HeaderSize = 64;
    private const int SegmentHeaderSize = 56;
    private const int LoadSegment = 1;
    private const int SectionHeaderSize = 64;
    private const int MaxSections = 4096;
    private const int MaxNamesSize = 1 << 20;

    private ElfFile(bool isGo) => IsGo = isGo;

    /// <summary>Whether it carries a Go runtime.</summary>
    internal bool IsGo { get; }

    /// <summary>Reads the file, or says in <paramref name="problem"/> why this process cannot load it.</summary>
    internal static ElfFile? Read(string path, out string problem)
    {
        using var file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[HeaderSize];
        if (RandomAccess.Read(file, header, 0) < HeaderSize || !header[..4].SequenceEqual("\u007fELF"u8))
        {
            problem = "it is not a shared library (no ELF header)";
            return null;
        }

        problem = CheckHeader(header);
        if (problem.Length == 0 && !IsWhole(file, header))
        {
            // The loader maps what the head promises; touching what is not there would kill the process.
            problem = "it is cut off: parts of it lie beyond the end of the file";
        }

        return problem.Length == 0 ? new ElfFile(HasGoSection(file, header)) : null;
    }

    private static string CheckHeader(ReadOnlySpan<byte> header)
    {
        if (header[4] != 2 || header[5] != 1)
        {
            return "it is not built for a 64-bit little-endian machine";
        }

        var machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
        var expected = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 62,
            Architecture.Arm64 => 183,
            _ => 0,
        };
        if (machine != expected)
        {
            return $"it is built for another processor (ELF machine {machine}); this process runs on {RuntimeInformation.ProcessArchitecture}";
        }

        return BinaryPrimitives.ReadUInt16LittleEndian(header[16..]) == 3 ? "" : "it is an ELF file but not a shared library";
    }

    private static bool IsWhole(SafeFileHandle file, ReadOnlySpan<byte> header)
    {
        var length = RandomAccess.GetLength(file);
        var tableOffset = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        Span<byte> segment = stackalloc byte[SegmentHeaderSize];
        for (var i = 0; i < count; i++)
        {
            var offset = tableOffset + i * SegmentHeaderSize;
            if (offset < 0 || RandomAccess.Read(file, segment, offset) < SegmentHeaderSize)
            {
                return false;
            }

            var start = BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]);
            var size = BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == LoadSegment && (start > (ulong)length || size > (ulong)length - start))
            {
                return false;
            }
        }

        return count > 0;
    }

    private static bool HasGoSection(SafeFileHandle file, ReadOnlySpan<byte> header)
    {
        var tableOffset = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[58..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header[60..]);
        var namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(header[62..]);
        if (tableOffset <= 0 || entrySize != SectionHeaderSize || namesIndex >= count || count > MaxSections)
        {
            return false;
        }

        Span<byte> names = stackalloc byte[SectionHeaderSize];
        if (RandomAccess.Read(file, names, tableOffset + (long)namesIndex * SectionHeaderSize) < SectionHeaderSize)
        {
            return false;
        }

        var size = BinaryPrimitives.ReadUInt64LittleEndian(names[32..]);
        var text = new byte[(int)Math.Min(size, MaxNamesSize)];
        var read = RandomAccess.Read(file, text, (long)BinaryPrimitives.ReadUInt64LittleEndian(names[24..]));
        return text.AsSpan(0, Math.Max(read, 0)).IndexOf(".go.buildinfo\0"u8) >= 0;
    }
}
