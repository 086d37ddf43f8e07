namespace StreamGateway.Tests.Sessions;

/// <summary>What a join asks for beside joining comes to pass.</summary>
public sealed class JoinOptionsTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public JoinOptionsTests(GatewayApplication gateway) => _gateway = gateway;

    [Theory]
    [InlineData("max_duration_ms", "max_duration")]
    [InlineData("leave_when_alone_ms", "alone")]
    public async Task A_session_leaves_by_itself(string option, string reason)
    {
        var id = await _gateway.JoinAsync($"limit-{reason}", "alice", $",\"{option}\":1000");
        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{id}/events");

        var left = await events.ReadUntilAsync("left");

        Assert.Contains($"\"reason\":\"{reason}\"", left.Data);
        await events.ReadUntilAsync("end");
        var ended = await _gateway.GetAsync($"/v1/sessions/{id}");
        Assert.Equal(("left", reason), (ended.GetProperty("state").GetString(), ended.GetProperty("end_reason").GetString()));
    }

    [Fact]
    public async Task Company_keeps_a_session_that_leaves_when_alone()
    {
        var alice = await _gateway.JoinAsync("company", "alice", ",\"leave_when_alone_ms\":2000");
        var bob = await _gateway.JoinAsync("company", "bob", ",\"max_duration_ms\":4000");
        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{alice}/events");

        await events.ReadUntilAsync("participant_left");
        await events.ReadUntilAsync("left");

        Assert.Equal("max_duration", (await _gateway.GetAsync($"/v1/sessions/{bob}")).GetProperty("end_reason").GetString());
        Assert.Equal("alone", (await _gateway.GetAsync($"/v1/sessions/{alice}")).GetProperty("end_reason").GetString());
    }

    [Theory]
    [InlineData("ring", "call.ring")]
    [InlineData("notify", "call.notification")]
    public async Task Members_hear_of_a_join_that_calls_them(string option, string type)
    {
        // Who is in another call hears of it over its own connection to the coordinator.
        var bob = await _gateway.JoinAsync($"elsewhere-{option}", "bob");
        var last = (await _gateway.GetAsync($"/v1/sessions/{bob}")).GetProperty("last_event_id").GetString()!;
        await using var events = await SseReader.OpenAsync(
            _gateway.Http, $"/v1/sessions/{bob}/events?last_event_id={last[..last.IndexOf('-')]}-0");
        await events.ReadUntilAsync("coordinator_connection_changed");

        var alice = await _gateway.JoinAsync(
            option, "alice", $$""","{{option}}":true,"create":{"members":[{"user_id":"alice"},{"user_id":"bob"}]}""");

        await events.ReadUntilAsync(type, item => item.Data.Contains($"\"default:{option}\"", StringComparison.Ordinal));
        await _gateway.LeaveAsync(alice);
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task Sessions_are_found_by_call_user_and_state()
    {
        var alice = await _gateway.JoinAsync("found", "found-alice");
        var bob = await _gateway.JoinAsync("found", "found-bob");
        await _gateway.LeaveAsync(bob);

        Assert.Equal([bob, alice], await FindAsync("call_cid=default:found"));
        Assert.Equal([alice], await FindAsync("user_id=found-alice"));
        Assert.Equal([bob], await FindAsync("call_cid=default:found&state=left"));
        Assert.Equal([alice], await FindAsync("call_cid=default:found&state=joined"));
        Assert.Empty(await FindAsync("call_cid=default:found&user_id=found-alice&state=left"));
        await _gateway.LeaveAsync(alice);
    }

    private async Task<IReadOnlyList<string>> FindAsync(string query) =>
        [.. (await _gateway.GetAsync($"/v1/sessions?{query}")).GetProperty("sessions").EnumerateArray()
            .Select(session => session.GetProperty("id").GetString()!)];
}
