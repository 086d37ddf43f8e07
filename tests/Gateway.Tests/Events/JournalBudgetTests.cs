using System.Text;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

public sealed class JournalBudgetTests
{
    private const int FrameBytes = 1_000;
    private readonly JournalBudget _budget = new(maxBytes: 100_000);

    [Fact]
    public void All_journals_together_keep_the_bound_and_tell_what_went()
    {
        var journals = Enumerable.Range(0, 10).Select(_ => NewJournal()).ToList();
        for (var i = 0; i < 1_000; i++)
        {
            Append(journals[i % 10], 1);
            Assert.InRange(_budget.Bytes, 0, 100_000);
        }

        Assert.True(_budget.Evicted > 800);
    }

    [Fact]
    public void What_has_ended_goes_first_and_in_the_order_it_ended()
    {
        var running = NewJournal();
        Append(running, 20); // the oldest events of all
        var endedSecond = NewJournal();
        var endedFirst = NewJournal();
        Append(endedFirst, 20);
        Append(endedSecond, 20);
        endedFirst.Complete("left");
        endedSecond.Complete("left");

        Append(running, 40);

        Assert.Equal(1, OldestOf(running));
        Assert.True(OldestOf(endedFirst) > 1);
        Assert.Equal(1, OldestOf(endedSecond));
    }

    [Fact]
    public void Of_those_that_go_on_the_oldest_events_go()
    {
        var quiet = NewJournal();
        Append(quiet, 20);
        var busy = NewJournal();

        Append(busy, 75);

        Assert.True(OldestOf(quiet) > 1);
        Assert.Equal(1, OldestOf(busy));
    }

    [Fact]
    public void A_journal_that_is_forgotten_gives_its_room_back()
    {
        var journal = NewJournal();
        Append(journal, 50);

        _budget.Remove(journal);

        Assert.Equal(0, _budget.Bytes);
    }

    [Fact]
    public async Task A_reader_of_an_ended_stream_that_lost_its_events_is_told_the_gap_before_the_end()
    {
        var journal = NewJournal();
        await using var host = await EventStreamHost.StartAsync(journal);
        host.Append(1, 5);
        journal.Complete("left");
        journal.Clear();

        var text = await host.GetTextAsync(lastEventId: host.IdOf(2));

        Assert.Equal(
            $$"""
            retry: 2000

            id: {{host.IdOf(5)}}
            event: gap
            data: {"type":"gap","from":3,"to":5,"reason":"overflow"}

            id: {{host.IdOf(6)}}
            event: end
            data: {"type":"end","reason":"left"}


            """,
            text);
    }

    private EventJournal NewJournal()
    {
        var journal = new EventJournal(maxEvents: 10_000, maxBytes: int.MaxValue, _budget);
        _budget.Add(journal);
        return journal;
    }

    private static void Append(EventJournal journal, int count)
    {
        for (var i = 0; i < count; i++)
        {
            journal.Append(new GatewayEvent("e", Encoding.ASCII.GetBytes(new string('x', FrameBytes))));
        }
    }

    private static long OldestOf(EventJournal journal) => journal.Read(0, new GatewayEvent[1]).First;
}
