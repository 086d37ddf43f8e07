using System.Net;

namespace StreamGateway.Tests.Stories;

/// <summary>What Stream's coordinator tells reaches the readers of a session's events, under Stream's own names.</summary>
public sealed class CoordinatorEventTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public CoordinatorEventTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task Reactions_and_custom_events_arrive_with_the_type_and_the_JSON_of_Stream()
    {
        var alice = await _gateway.JoinAsync("told", "alice");
        await using var events = await ReadFromTheBeginningAsync(alice);
        await events.ReadUntilAsync("coordinator_connection_changed");
        var bob = await _gateway.JoinAsync("told", "bob");

        await ExpectAsync(HttpStatusCode.NoContent, $"/v1/sessions/{bob}/reactions", """{"type":"wave","emoji_code":":wave:"}""");
        await ExpectAsync(HttpStatusCode.NoContent, $"/v1/sessions/{bob}/custom_events", """{"custom":{"text":"grüße\n"}}""");

        var reaction = (await events.ReadUntilAsync("call.reaction_new")).Json;
        Assert.Equal("call.reaction_new", reaction.GetProperty("type").GetString());
        Assert.Equal(alice, reaction.GetProperty("session_id").GetString());
        Assert.Equal("default:told", reaction.GetProperty("call_cid").GetString());
        Assert.Equal("wave", reaction.GetProperty("payload").GetProperty("reaction").GetProperty("type").GetString());
        var custom = (await events.ReadUntilAsync("custom")).Json.GetProperty("payload");
        Assert.Equal("grüße\n", custom.GetProperty("custom").GetProperty("text").GetString());
        Assert.Equal("bob", custom.GetProperty("user").GetProperty("id").GetString());
        await _gateway.LeaveAsync(alice);
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task The_end_of_a_call_is_told_by_the_coordinator_too_before_the_session_has_left()
    {
        var alice = await _gateway.JoinAsync("over", "alice");
        await using var events = await ReadFromTheBeginningAsync(alice);
        await events.ReadUntilAsync("coordinator_connection_changed");

        await ExpectAsync(HttpStatusCode.Created, "/api/v2/video/call/default/over/mark_ended", "{}");

        var seen = new List<string>();
        await foreach (var next in events.ReadAllAsync())
        {
            seen.Add(next.Type);
        }

        Assert.Single(seen, "call_ended");
        Assert.Single(seen, "call.ended");
        Assert.Equal(["left", "end"], seen[^2..]);
    }

    private async Task<SseReader> ReadFromTheBeginningAsync(string session)
    {
        var last = (await _gateway.GetAsync($"/v1/sessions/{session}")).GetProperty("last_event_id").GetString()!;
        var first = last[..last.IndexOf('-')] + "-0";
        return await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{session}/events?last_event_id={first}");
    }

    private async Task ExpectAsync(HttpStatusCode expected, string path, string body)
    {
        using var response = await _gateway.PostAsync(path, body);
        Assert.True(response.StatusCode == expected, await response.Content.ReadAsStringAsync());
    }
}
