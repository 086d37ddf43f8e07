using System.Buffers;
using System.IO.Pipelines;
using StreamGateway.Auth;

namespace StreamGateway.Events;

/// <summary>Where one reader stands in a journal, and what of it the reader wants and may see.</summary>
internal sealed class Cursor(EventJournal journal, EventTypeFilter types, Viewer viewer)
{
    private long _told;

    public EventJournal Journal => journal;

    /// <value>Position of the last event dealt with: sent, or filtered out.</value>
    public long Position { get; set; }

    /// <summary>Continues after an id of this journal; false when the id is of another one.</summary>
    public bool TryResume(SseEventId? lastEventId)
    {
        if (lastEventId is not { } id || id.Epoch != journal.Epoch || id.Position > journal.LastPosition)
        {
            return false;
        }

        Position = _told = id.Position;
        return true;
    }

    /// <summary>The end carries the position after the last event: who knows that id has seen everything.</summary>
    public bool HasSeenEnd(SseEventId? lastEventId) =>
        lastEventId is { } id && id.Epoch == journal.Epoch && id.Position == journal.LastPosition + 1
        && journal.Read(journal.LastPosition, []).EndReason is not null;

    /// <summary>Tells what is missing before what was read, if anything is.</summary>
    public void WriteGap(PipeWriter output, JournalRead read)
    {
        if (read.First > Position + 1)
        {
            var missed = Position + 1;
            Position = read.First - 1;
            WriteControl(output, SseFrames.Gap(missed, Position, "overflow"));
        }
    }

    /// <summary>Writes a batch that was read; answers how many events the reader wanted.</summary>
    public int Write(PipeWriter output, JournalRead read, ReadOnlySpan<GatewayEvent> batch)
    {
        var wanted = 0;
        foreach (var item in batch[..read.Count])
        {
            Position++;
            if (types.Matches(item.Type) && MaySee(item))
            {
                WriteControl(output, item);
                wanted++;
            }
        }

        return wanted;
    }

    /// <summary>Writes a frame with the id of the current position, whatever the reader filters.</summary>
    public void WriteControl(PipeWriter output, GatewayEvent frame)
    {
        WriteId(output);
        output.Write(frame.Frame.Span);
    }

    public void WriteHeartbeat(PipeWriter output)
    {
        // Events the reader does not want move its id along too, so that a later resume has no false gap.
        if (_told != Position)
        {
            WriteId(output);
        }

        output.Write(SseFrames.Heartbeat);
    }

    public void WriteEnd(PipeWriter output, string reason)
    {
        Position++;
        WriteControl(output, SseFrames.End(reason));
    }

    private bool MaySee(GatewayEvent item) => item.Owner is null ? viewer.SeesApplication : viewer.Sees(item.Owner);

    private void WriteId(PipeWriter output)
    {
        var line = output.GetSpan(5 + SseEventId.MaximumLength);
        "id: "u8.CopyTo(line);
        var length = 4 + new SseEventId(journal.Epoch, Position).Format(line[4..]);
        line[length] = (byte)'\n';
        output.Advance(length + 1);
        _told = Position;
    }
}
