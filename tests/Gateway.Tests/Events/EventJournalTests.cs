using System.Text;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

public sealed class EventJournalTests
{
    private readonly GatewayEvent[] _batch = new GatewayEvent[100];

    [Fact]
    public void Read_FromTheStart_GivesEverythingInOrder()
    {
        var journal = new EventJournal(maxEvents: 100, maxBytes: 10_000);
        Append(journal, 1, 40);

        var read = journal.Read(0, _batch);

        Assert.Equal((1, 40), (read.First, read.Count));
        Assert.Equal(Names(1, 40), _batch[..40].Select(item => item.Type));
    }

    [Fact]
    public void Read_AfterMoreThanFits_BeginsAtTheOldestHeld()
    {
        var journal = new EventJournal(maxEvents: 16, maxBytes: 10_000);
        Append(journal, 1, 50);

        var read = journal.Read(10, _batch);

        Assert.Equal((35, 16), (read.First, read.Count));
        Assert.Equal(Names(35, 50), _batch[..16].Select(item => item.Type));
    }

    [Fact]
    public void Append_MoreBytesThanAllowed_DropsTheOldest()
    {
        var journal = new EventJournal(maxEvents: 1_000, maxBytes: 100);
        for (var i = 1; i <= 30; i++)
        {
            journal.Append(new GatewayEvent($"e{i}", new byte[10]));
        }

        var read = journal.Read(0, _batch);

        Assert.Equal((21, 10), (read.First, read.Count));
    }

    [Fact]
    public void Append_OneEventLargerThanTheWholeJournal_KeepsIt()
    {
        var journal = new EventJournal(maxEvents: 10, maxBytes: 100);
        Append(journal, 1, 5);
        journal.Append(new GatewayEvent("huge", new byte[1_000]));

        var read = journal.Read(0, _batch);

        Assert.Equal((6, 1), (read.First, read.Count));
    }

    [Fact]
    public void Read_SmallBatches_GoesOnWhereItStopped()
    {
        var journal = new EventJournal(maxEvents: 1_000, maxBytes: 100_000);
        Append(journal, 1, 250);

        var seen = new List<string>();
        for (long position = 0; journal.Read(position, _batch.AsSpan(0, 7)) is { Count: > 0 } read; position = read.First + read.Count - 1)
        {
            seen.AddRange(_batch[..read.Count].Select(item => item.Type));
        }

        Assert.Equal(Names(1, 250), seen);
    }

    [Fact]
    public async Task A_reader_at_the_end_is_woken_by_the_next_event()
    {
        var journal = new EventJournal(maxEvents: 10, maxBytes: 1_000);
        var changed = journal.Read(0, _batch).Changed;
        Assert.False(changed.IsCompleted);

        Append(journal, 1, 1);

        await changed.WithTimeout();
    }

    [Fact]
    public async Task A_reader_at_the_end_is_woken_by_the_end()
    {
        var journal = new EventJournal(maxEvents: 10, maxBytes: 1_000);
        Append(journal, 1, 1);
        var changed = journal.Read(1, _batch).Changed;

        journal.Complete("left");

        await changed.WithTimeout();
        Assert.Equal("left", journal.Read(1, _batch).EndReason);
        Assert.Null(journal.Read(0, _batch).EndReason);
    }

    [Fact]
    public void Append_AfterTheEnd_IsIgnored()
    {
        var journal = new EventJournal(maxEvents: 10, maxBytes: 1_000);
        journal.Complete("left");

        Append(journal, 1, 1);

        Assert.Equal(0, journal.LastPosition);
    }

    [Fact]
    public async Task Many_readers_beside_a_writer_each_see_every_event_once_and_in_order()
    {
        const int Count = 20_000;
        var journal = new EventJournal(maxEvents: Count, maxBytes: int.MaxValue);
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => ReadAllAsync(journal))).ToList();

        await Task.Run(() =>
        {
            Append(journal, 1, Count);
            journal.Complete("done");
        });

        foreach (var seen in await Task.WhenAll(readers).WithTimeout())
        {
            Assert.Equal(Names(1, Count), seen);
        }
    }

    private static async Task<List<string>> ReadAllAsync(EventJournal journal)
    {
        var seen = new List<string>();
        var batch = new GatewayEvent[64];
        while (true)
        {
            var read = journal.Read(seen.Count, batch);
            if (read.EndReason is not null)
            {
                return seen;
            }

            Assert.True(read.Count == 0 || read.First == seen.Count + 1, "a gap");
            seen.AddRange(batch[..read.Count].Select(item => item.Type));
            await read.Changed;
        }
    }

    private static void Append(EventJournal journal, int from, int to)
    {
        foreach (var name in Names(from, to))
        {
            journal.Append(new GatewayEvent(name, Encoding.UTF8.GetBytes(name)));
        }
    }

    private static IEnumerable<string> Names(int from, int to) => Enumerable.Range(from, to - from + 1).Select(i => $"e{i}");
}
