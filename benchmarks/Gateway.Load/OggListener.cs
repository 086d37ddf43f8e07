using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;

namespace StreamGateway.Load;

/// <summary>
/// Reads a live Ogg/Opus stream page by page and notes when audio arrived, what was concealed, and for how long
/// nothing came. Page layout: RFC 3533 section 6; a packet of one byte carries no audio: RFC 6716 section 3.1.
/// </summary>
internal sealed class OggListener
{
    private const int HeaderSize = 27;
    private long _lastArrival;

    /// <summary>Packets of audio, without the two header packets.</summary>
    public int Packets { get; private set; }

    public int ConcealedPackets { get; private set; }

    public int LongestConcealedRun { get; private set; }

    public TimeSpan LongestGap { get; private set; }

    public long LastGranule { get; private set; }

    private int _concealedRun;

    public async Task ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                var rest = result.Buffer;
                while (TryReadPage(rest.IsSingleSegment ? rest.FirstSpan : System.Buffers.BuffersExtensions.ToArray(rest), out var size))
                {
                    rest = rest.Slice(size);
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The scenario is over.
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private bool TryReadPage(ReadOnlySpan<byte> bytes, out int size)
    {
        size = 0;
        if (bytes.Length < HeaderSize || bytes.Length < HeaderSize + bytes[26])
        {
            return false;
        }

        if (!bytes.StartsWith("OggS"u8))
        {
            throw new InvalidDataException("not at a page of Ogg");
        }

        var lacing = bytes.Slice(HeaderSize, bytes[26]);
        var body = 0;
        foreach (var length in lacing)
        {
            body += length;
        }

        size = HeaderSize + lacing.Length + body;
        if (bytes.Length < size)
        {
            return false;
        }

        var granule = BinaryPrimitives.ReadInt64LittleEndian(bytes[6..]);
        if (granule > 0)
        {
            CountPackets(lacing);
            LastGranule = granule;
            if (lacing.Length > 0 && body > 0)
            {
                CountArrival();
            }
        }

        return true;
    }

    private void CountPackets(ReadOnlySpan<byte> lacing)
    {
        var length = 0;
        foreach (var part in lacing)
        {
            length += part;
            if (part == 255)
            {
                continue;
            }

            Packets++;
            _concealedRun = length <= 1 ? _concealedRun + 1 : 0;
            ConcealedPackets += length <= 1 ? 1 : 0;
            LongestConcealedRun = Math.Max(LongestConcealedRun, _concealedRun);
            length = 0;
        }
    }

    private void CountArrival()
    {
        var now = Stopwatch.GetTimestamp();
        if (_lastArrival != 0)
        {
            var gap = Stopwatch.GetElapsedTime(_lastArrival, now);
            LongestGap = gap > LongestGap ? gap : LongestGap;
        }

        _lastArrival = now;
    }
}
