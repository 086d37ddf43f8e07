using System.Buffers.Binary;
using System.Text;

namespace StreamGateway.Tests;

/// <summary>IVF files that are still being written.</summary>
internal static class Ivf
{
    private const int FileHeader = 32;
    private const int FrameHeader = 12;

    /// <summary>The first <paramref name="count"/> frames of a live file, from the first that will do on, as a file.</summary>
    /// <param name="live">Begins with the file's header.</param>
    /// <param name="codec">The four letters that name it in the header.</param>
    /// <param name="count">Of frames.</param>
    /// <param name="mayBegin">Whether the file may begin with a frame; with any when null.</param>
    public static async Task<byte[]> TakeAsync(Stream live, string codec, int count, Func<byte[], bool>? mayBegin = null)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Default);
        using var file = new MemoryStream();
        var header = new byte[FileHeader];
        await live.ReadExactlyAsync(header, deadline.Token);
        Assert.Equal("DKIF"u8, header.AsSpan(0, 4));
        Assert.Equal(codec, Encoding.ASCII.GetString(header, 8, 4));
        file.Write(header);

        var frameHeader = new byte[FrameHeader];
        for (var taken = 0; taken < count;)
        {
            await live.ReadExactlyAsync(frameHeader, deadline.Token);
            var frame = new byte[BinaryPrimitives.ReadInt32LittleEndian(frameHeader)];
            await live.ReadExactlyAsync(frame, deadline.Token);
            if (taken > 0 || mayBegin is null || mayBegin(frame))
            {
                file.Write(frameHeader);
                file.Write(frame);
                taken++;
            }
        }

        return file.ToArray();
    }

    /// <summary>The width of a VP8 keyframe; 0 for other frames.</summary>
    // RFC 6386, section 9.1: a keyframe has its first bit clear, a start code, and then its size.
    public static int WidthOfVp8(ReadOnlySpan<byte> frame) =>
        frame.Length >= 10 && (frame[0] & 1) == 0 ? BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]) & 0x3fff : 0;
}
