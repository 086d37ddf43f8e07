using Microsoft.Extensions.DependencyInjection;
using StreamGateway.Sessions;

namespace StreamGateway.Tests.Stories;

/// <summary>Readers of events that are cut off come back and miss nothing.</summary>
public sealed class EventResumeTests : IClassFixture<GatewayApplication>
{
    private const int Kills = 100;

    private readonly GatewayApplication _gateway;

    public EventResumeTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task A_reader_killed_and_resumed_100_times_misses_nothing_and_gets_nothing_twice()
    {
        var watcher = await _gateway.JoinAsync("resume", "watcher");
        var steady = ReadToEndAsync($"/v1/sessions/{watcher}/events");
        var broken = ReadWithKillsAsync($"/v1/sessions/{watcher}/events");

        // Joins and leaves of others are the traffic, until the reader has been killed often enough.
        for (var round = 0; !broken.Killed.IsCompleted; round++)
        {
            await _gateway.LeaveAsync(await _gateway.JoinAsync("resume", $"guest-{round}"));
        }

        await _gateway.LeaveAsync(watcher);

        var expected = await steady.WithTimeout();
        var resumed = await broken.Events.WithTimeout();
        Assert.True(resumed.Count > Kills, $"{resumed.Count} events for {Kills} kills");
        Assert.Equal(["left", "end"], resumed[^2..].Select(item => item.Type));
        Assert.Equal(
            expected.Where(item => item.Type is not "snapshot").Select(item => (item.Id, item.Type, item.Data)),
            resumed.Where(item => item.Type is not "snapshot").Select(item => (item.Id, item.Type, item.Data)));
    }

    [Fact]
    public async Task A_call_may_be_watched_before_anyone_joins_it()
    {
        await using var call = await SseReader.OpenAsync(_gateway.Http, "/v1/calls/default/watched/events");
        var snapshot = await call.ReadUntilAsync("snapshot");
        Assert.Equal(0, snapshot.Json.GetProperty("snapshot").GetProperty("sessions").GetArrayLength());

        var session = await _gateway.JoinAsync("watched", "alice");
        var other = await _gateway.JoinAsync("elsewhere", "bob");
        await _gateway.LeaveAsync(other);
        await _gateway.LeaveAsync(session);

        var joined = await call.ReadAsync().WithTimeout();
        Assert.Equal(("joined", session), (joined!.Type, joined.Json.GetProperty("session_id").GetString()));
        var left = await call.ReadUntilAsync("left", item => item.Json.GetProperty("call_cid").GetString() == "default:watched");
        Assert.Equal(session, left.Json.GetProperty("session_id").GetString());
    }

    [Fact]
    public async Task A_snapshot_tells_who_is_there_so_that_no_second_request_is_needed()
    {
        var alice = await _gateway.JoinAsync("snapshot", "alice", ""","metadata":{"team":"red"}""");
        var bob = await _gateway.JoinAsync("snapshot", "bob");

        await using var all = await SseReader.OpenAsync(_gateway.Http, "/v1/events?types=nothing");
        await using var one = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{bob}/events");
        var sessions = (await all.ReadUntilAsync("snapshot")).Json.GetProperty("snapshot").GetProperty("sessions");
        var snapshot = (await one.ReadUntilAsync("snapshot")).Json.GetProperty("snapshot");

        Assert.Contains(sessions.EnumerateArray(), item => item.GetProperty("session").GetProperty("id").GetString() == alice);
        Assert.Equal(bob, snapshot.GetProperty("session").GetProperty("id").GetString());
        Assert.Equal(
            ["alice", "bob"],
            snapshot.GetProperty("participants").EnumerateArray().Select(item => item.GetProperty("user_id").GetString()));
        await _gateway.LeaveAsync(alice);
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task A_gateway_that_stops_says_so_in_the_last_event_of_its_sessions()
    {
        await using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("stopping", "alice");
        await using var events = await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{session}/events");
        await events.ReadUntilAsync("snapshot");

        await gateway.Services.GetRequiredService<SessionPool>().StoppingAsync(CancellationToken.None).WithTimeout();

        var left = (await events.ReadUntilAsync("left")).Json.GetProperty("left");
        Assert.Equal("shutdown", left.GetProperty("reason").GetString());
        Assert.Equal("shutdown", (await gateway.GetAsync($"/v1/sessions/{session}")).GetProperty("end_reason").GetString());
    }

    private async Task<List<SseEvent>> ReadToEndAsync(string path)
    {
        await using var reader = await SseReader.OpenAsync(_gateway.Http, path);
        var events = new List<SseEvent>();
        await foreach (var next in reader.ReadAllAsync())
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>Drops the connection after every event, until that was often enough; then reads to the end.</summary>
    private (Task Killed, Task<List<SseEvent>> Events) ReadWithKillsAsync(string path)
    {
        var killed = new TaskCompletionSource();
        return (killed.Task, RunAsync());

        async Task<List<SseEvent>> RunAsync()
        {
            var events = new List<SseEvent>();
            string? lastEventId = null;
            for (var kill = 0; kill < Kills; kill++)
            {
                await using var reader = await SseReader.OpenAsync(_gateway.Http, path, lastEventId);
                var next = await reader.ReadAsync().WithTimeout();
                events.Add(next!);
                lastEventId = reader.LastEventId;
            }

            killed.SetResult();
            await using var last = await SseReader.OpenAsync(_gateway.Http, path, lastEventId);
            await foreach (var next in last.ReadAllAsync())
            {
                events.Add(next);
            }

            return events;
        }
    }
}
