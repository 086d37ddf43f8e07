using System.Buffers.Binary;

namespace StreamGateway.Native.Tests.Support;

/// <summary>Writes and reads Ogg Opus, a page for each packet, as plainly as RFC 7845 allows.</summary>
internal static class OggOpus
{
    private const int PacketSamples = 960;
    private const uint Serial = 0x5eed;
    private const byte FirstPage = 2;
    private const byte LastPage = 4;
    private const int PageHead = 27;

    // Hybrid, full band, 20 ms, mono, one frame.
    private const byte PacketHead = 15 << 3;

    /// <summary>Packets of 20 ms that differ from each other.</summary>
    internal static byte[][] Packets(int count) => [.. Enumerable.Range(0, count).Select(Packet)];

    internal static byte[] File(IReadOnlyList<byte[]> packets)
    {
        var file = new MemoryStream();
        byte[] head = [.. "OpusHead"u8, 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0];
        byte[] tags = [.. "OpusTags"u8, 4, 0, 0, 0, .. "test"u8, 0, 0, 0, 0];
        WritePage(file, FirstPage, 0, 0, head);
        WritePage(file, 0, 0, 1, tags);
        for (var i = 0; i < packets.Count; i++)
        {
            var flags = i == packets.Count - 1 ? LastPage : (byte)0;
            WritePage(file, flags, (i + 1L) * PacketSamples, (uint)i + 2, packets[i]);
        }

        return file.ToArray();
    }

    /// <summary>The audio packets of the whole pages in a file that may still grow.</summary>
    internal static List<byte[]> ReadPackets(ReadOnlySpan<byte> file)
    {
        var packets = new List<byte[]>();
        var open = new List<byte>();
        while (file.Length >= PageHead && file.Length >= PageHead + file[26])
        {
            Assert.True(file[..4].SequenceEqual("OggS"u8), "a page begins with OggS");
            var lacing = file.Slice(PageHead, file[26]);
            var body = file[(PageHead + lacing.Length)..];
            if (body.Length < Sum(lacing))
            {
                break;
            }

            foreach (var size in lacing)
            {
                open.AddRange(body[..size]);
                body = body[size..];
                if (size < 255)
                {
                    packets.Add([.. open]);
                    open.Clear();
                }
            }

            file = body;
        }

        return packets.FindAll(packet => !packet.AsSpan().StartsWith("OpusHead"u8) && !packet.AsSpan().StartsWith("OpusTags"u8));
    }

    private static byte[] Packet(int index)
    {
        var packet = new byte[40];
        new Random(index).NextBytes(packet);
        packet[0] = PacketHead;
        BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(1), index);
        return packet;
    }

    private static void WritePage(MemoryStream file, byte flags, long granule, uint sequence, byte[] packet)
    {
        var lacing = Enumerable.Repeat((byte)255, packet.Length / 255).Append((byte)(packet.Length % 255)).ToArray();
        var page = new byte[PageHead + lacing.Length + packet.Length];
        "OggS"u8.CopyTo(page);
        page[5] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(6), granule);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(14), Serial);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(18), sequence);
        page[26] = (byte)lacing.Length;
        lacing.CopyTo(page, PageHead);
        packet.CopyTo(page, PageHead + lacing.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(22), Checksum(page));
        file.Write(page);
    }

    // CRC-32 as Ogg has it: not reflected, no final xor.
    private static uint Checksum(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        foreach (var value in page)
        {
            crc ^= (uint)value << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc << 1) ^ ((crc & 0x80000000) != 0 ? 0x04c11db7u : 0);
            }
        }

        return crc;
    }

    private static int Sum(ReadOnlySpan<byte> lacing)
    {
        var sum = 0;
        foreach (var size in lacing)
        {
            sum += size;
        }

        return sum;
    }
}
