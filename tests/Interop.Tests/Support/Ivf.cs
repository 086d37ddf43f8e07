using System.Buffers.Binary;

namespace StreamGateway.Tests;

/// <summary>VP8 in IVF files.</summary>
internal static class Ivf
{
    private const int FileHeader = 32;
    private const int FrameHeader = 12;

    /// <summary>
    /// Reads a live file up to the first keyframe of a width, and returns that and what follows as a file of
    /// <paramref name="count"/> frames: a simulcast track may start with another layer.
    /// </summary>
    public static async Task<byte[]> TakeAsync(Stream live, int width, int count)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Default);
        using var file = new MemoryStream();
        var header = new byte[FileHeader];
        await live.ReadExactlyAsync(header, deadline.Token);
        Assert.Equal("DKIF"u8, header.AsSpan(0, 4));
        Assert.Equal("VP80"u8, header.AsSpan(8, 4));
        file.Write(header);

        var frameHeader = new byte[FrameHeader];
        for (var taken = 0; taken < count;)
        {
            await live.ReadExactlyAsync(frameHeader, deadline.Token);
            var frame = new byte[BinaryPrimitives.ReadInt32LittleEndian(frameHeader)];
            await live.ReadExactlyAsync(frame, deadline.Token);
            if (taken > 0 || WidthOfKeyframe(frame) == width)
            {
                file.Write(frameHeader);
                file.Write(frame);
                taken++;
            }
        }

        return file.ToArray();
    }

    // RFC 6386, section 9.1: a keyframe has its first bit clear, a start code, and then its size.
    private static int WidthOfKeyframe(ReadOnlySpan<byte> frame) =>
        frame.Length >= 10 && (frame[0] & 1) == 0 ? BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]) & 0x3fff : 0;
}
