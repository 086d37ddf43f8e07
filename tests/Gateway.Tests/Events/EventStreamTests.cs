using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

/// <summary>What goes over the wire, to the byte.</summary>
public sealed class EventStreamTests
{
    [Fact]
    public async Task A_new_reader_gets_retry_snapshot_events_and_end()
    {
        await using var host = await EventStreamHost.StartAsync();
        host.Append(1, 2);
        await using var reader = await SseReader.OpenAsync(host.Client, "/events");
        var snapshot = await reader.ReadUntilAsync("snapshot");
        host.Append(3, 3);
        host.Journal.Complete("left");

        Assert.Equal(TimeSpan.FromSeconds(2), reader.Retry);
        Assert.Equal(host.IdOf(2), snapshot.Id);
        Assert.Equal(2, snapshot.Json.GetProperty("snapshot").GetProperty("known").GetInt32());
        var rest = await ReadRestAsync(reader);
        Assert.Equal([("e", host.IdOf(3)), ("end", host.IdOf(4))], rest.Select(item => (item.Type, item.Id)));
    }

    [Fact]
    public async Task The_bytes_of_a_resumed_stream_are_exactly_these()
    {
        await using var host = await EventStreamHost.StartAsync();
        host.Append(1, 3);
        host.Journal.Complete("left");

        var text = await host.GetTextAsync(lastEventId: host.IdOf(1));

        Assert.Equal(
            $$"""
            retry: 2000

            id: {{host.IdOf(2)}}
            event: e
            data: {"n":2}

            id: {{host.IdOf(3)}}
            event: e
            data: {"n":3}

            id: {{host.IdOf(4)}}
            event: end
            data: {"type":"end","reason":"left"}


            """,
            text);
    }

    [Fact]
    public async Task The_headers_keep_caches_and_proxies_from_holding_events_back()
    {
        await using var host = await EventStreamHost.StartAsync();

        using var response = await host.Client
            .GetAsync("/events", HttpCompletionOption.ResponseHeadersRead).WithTimeout();

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no", response.Headers.GetValues("X-Accel-Buffering").Single());
    }

    [Fact]
    public async Task A_resume_by_query_gives_what_a_resume_by_header_gives()
    {
        await using var host = await EventStreamHost.StartAsync();
        host.Append(1, 5);
        host.Journal.Complete("left");

        Assert.Equal(
            await host.GetTextAsync(lastEventId: host.IdOf(3)),
            await host.GetTextAsync($"?last_event_id={host.IdOf(3)}"));
    }

    [Fact]
    public async Task A_resume_after_events_that_are_gone_tells_the_gap_first()
    {
        await using var host = await EventStreamHost.StartAsync(new EventJournal(maxEvents: 16, maxBytes: 10_000));
        host.Append(1, 40);
        host.Journal.Complete("left");

        var text = await host.GetTextAsync(lastEventId: host.IdOf(4));

        Assert.StartsWith(
            $$"""
            retry: 2000

            id: {{host.IdOf(24)}}
            event: gap
            data: {"type":"gap","from":5,"to":24,"reason":"overflow"}

            id: {{host.IdOf(25)}}
            event: e
            data: {"n":25}

            """,
            text);
    }

    [Fact]
    public async Task A_resume_with_the_id_of_another_stream_tells_a_gap_and_begins_anew()
    {
        await using var host = await EventStreamHost.StartAsync();
        host.Append(1, 5);
        host.Journal.Complete("left");

        var text = await host.GetTextAsync(lastEventId: "0-3");

        Assert.Contains($"id: {host.IdOf(5)}\nevent: gap\ndata: {{\"type\":\"gap\",\"from\":4,\"to\":5,\"reason\":\"unknown_id\"}}\n", text);
        Assert.Contains("event: snapshot\n", text);
        Assert.DoesNotContain("event: e\n", text);
    }

    [Fact]
    public async Task Who_has_seen_the_end_is_told_not_to_come_back()
    {
        await using var host = await EventStreamHost.StartAsync();
        host.Append(1, 2);
        host.Journal.Complete("left");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", host.IdOf(3));

        using var response = await host.Client.SendAsync(request).WithTimeout();

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task Silence_is_filled_with_comments()
    {
        await using var host = await EventStreamHost.StartAsync(settings: ("Events:HeartbeatInterval", "00:00:00.1"));
        using var response = await host.Client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        string? line;
        do
        {
            line = await lines.ReadLineAsync().WithTimeout();
        }
        while (line is not null && line != ": heartbeat");

        Assert.Equal(": heartbeat", line);
    }

    [Fact]
    public async Task A_filter_hides_other_events_and_a_resume_after_a_heartbeat_skips_them()
    {
        await using var host = await EventStreamHost.StartAsync(
            new EventJournal(maxEvents: 16, maxBytes: 10_000), ("Events:HeartbeatInterval", "00:00:00.1"));
        await using var reader = await SseReader.OpenAsync(host.Client, "/events?types=wanted");
        await reader.ReadUntilAsync("snapshot");
        host.Append(1, 1, "wanted");
        host.Append(2, 10, "other");
        Assert.Equal(host.IdOf(1), (await reader.ReadUntilAsync("wanted")).Id);

        // The id moves on with a heartbeat, though nothing is dispatched.
        var next = reader.ReadUntilAsync("wanted");
        while (reader.LastEventId != host.IdOf(10))
        {
            await Task.Yield();
            Assert.False(next.IsCompleted);
        }

        host.Append(11, 11, "wanted");
        Assert.Equal(host.IdOf(11), (await next).Id);
    }

    [Theory]
    [InlineData("?last_event_id=nonsense", "last_event_id")]
    [InlineData("?types=a,,b", "types")]
    public async Task A_bad_query_is_a_problem_that_names_it(string query, string field)
    {
        await using var host = await EventStreamHost.StartAsync();

        using var response = await host.Client.GetAsync($"/events{query}").WithTimeout();

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains($"\"{field}\"", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_reader_too_many_is_told_to_wait()
    {
        await using var host = await EventStreamHost.StartAsync(settings: ("Events:MaxReaders", "1"));
        await using var first = await SseReader.OpenAsync(host.Client, "/events");

        using var response = await host.Client.GetAsync("/events").WithTimeout();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("2", response.Headers.GetValues("Retry-After").Single());
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_slows_nobody_and_hears_of_its_gap()
    {
        const int Count = 20_000;
        await using var host = await EventStreamHost.StartAsync(new EventJournal(maxEvents: 512, maxBytes: int.MaxValue));
        using var stuck = await OpenWithoutReadingAsync(host);
        await using var reader = await SseReader.OpenAsync(host.Client, "/events");
        await reader.ReadUntilAsync("snapshot");

        // Enough to fill the stuck reader's socket; the other reader confirms each portion before the next.
        var padding = new string('x', 2_000);
        for (var number = 1; number <= Count; number++)
        {
            host.Journal.Append(new GatewayEvent("e", Encoding.UTF8.GetBytes($"event: e\ndata: {padding}\n\n")));
            if (number % 256 == 0 || number == Count)
            {
                await reader.ReadUntilAsync("e", item => item.Id == host.IdOf(number));
            }
        }

        host.Journal.Complete("left");

        using var lines = new StreamReader(stuck.GetStream());
        var text = await lines.ReadToEndAsync().WithTimeout();
        Assert.Contains("event: gap\n", text);
        Assert.Contains("event: end\n", text);
    }

    private static async Task<List<SseEvent>> ReadRestAsync(SseReader reader)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Default);
        var events = new List<SseEvent>();
        await foreach (var next in reader.ReadAllAsync(deadline.Token))
        {
            events.Add(next);
        }

        return events;
    }

    private static async Task<TcpClient> OpenWithoutReadingAsync(EventStreamHost host)
    {
        var client = new TcpClient { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(IPAddress.Loopback, host.Client.BaseAddress!.Port);
        var request = $"GET /events?last_event_id={host.IdOf(0)} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        return client;
    }
}
