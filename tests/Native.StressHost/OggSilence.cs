using System.Buffers.Binary;

namespace StreamGateway.Native.StressHost;

/// <summary>An Ogg/Opus stream of silence, one second a page.</summary>
internal static class OggSilence
{
    private const int PacketsPerPage = 50;
    private const int SamplesPerPacket = 960;
    private const int HeadBytes = 27;
    private const byte FirstPage = 2;
    private const byte LastPage = 4;

    private static readonly byte[] Silence = [0xF8, 0xFF, 0xFE]; // CELT, 20 ms, nothing in it

    // Version 1, mono, no pre-skip, 48,000 Hz, no gain.
    private static readonly byte[] OpusHead = [.. "OpusHead"u8, 1, 1, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0];
    private static readonly byte[] OpusTags = [.. "OpusTags"u8, 6, 0, 0, 0, .. "stress"u8, 0, 0, 0, 0];

    public static byte[] Create(int seconds)
    {
        using var stream = new MemoryStream();
        stream.Write(Page(0, FirstPage, 0, [OpusHead]));
        stream.Write(Page(1, 0, 0, [OpusTags]));
        var packets = Enumerable.Repeat(Silence, PacketsPerPage).ToArray();
        for (var i = 1; i <= seconds; i++)
        {
            stream.Write(Page(i + 1, i == seconds ? LastPage : (byte)0, i * PacketsPerPage * SamplesPerPacket, packets));
        }

        return stream.ToArray();
    }

    private static byte[] Page(int sequence, byte flags, long granule, byte[][] packets)
    {
        var page = new byte[HeadBytes + packets.Length + packets.Sum(p => p.Length)];
        "OggS"u8.CopyTo(page);
        page[5] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(6), granule);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(14), 1);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(18), sequence);
        page[26] = (byte)packets.Length;
        var at = HeadBytes + packets.Length;
        for (var i = 0; i < packets.Length; i++)
        {
            page[HeadBytes + i] = (byte)packets[i].Length;
            packets[i].CopyTo(page, at);
            at += packets[i].Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(22), Checksum(page));
        return page;
    }

    private static uint Checksum(byte[] page)
    {
        uint crc = 0;
        foreach (var value in page)
        {
            crc ^= (uint)value << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc << 1) ^ ((crc >> 31) * 0x04C11DB7);
            }
        }

        return crc;
    }
}
