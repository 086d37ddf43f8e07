using System.Text;
using System.Text.Json;
using StreamGateway.Tests.Mirror;

namespace StreamGateway.Tests.Sessions;

/// <summary>Joins whose client goes away before it has read the answer.</summary>
public sealed class AbandonedJoinTests
{
    [Fact]
    public async Task A_client_that_goes_at_once_leaves_nobody_in_the_call()
    {
        using var gateway = new GatewayApplication();
        for (var i = 0; i < 20; i++)
        {
            using var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
            await client.WriteAsync(Join($"user-{i}"));
            client.Vanish();
        }

        await gateway.AssertNativeIsEmptyAsync();
        Assert.Empty(await SessionsAsync(gateway, "joined"));
    }

    [Fact]
    public async Task A_client_that_goes_before_it_reads_the_answer_leaves_nobody_in_the_call()
    {
        using var gateway = new GatewayApplication();
        using var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
        await client.WriteAsync(Join("alice"));
        await Eventually.GetAsync(() => client.HasUnread, hasUnread => hasUnread);

        client.Vanish();

        await Eventually.GetAsync(() => SessionsAsync(gateway, "left"), left => left.Length == 1);
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_client_that_has_read_the_answer_may_go()
    {
        using var gateway = new GatewayApplication();
        using (var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!))
        {
            await client.WriteAsync(Join("alice"));
            await client.ReadUntilAsync("\r\n0\r\n\r\n");
        }

        // Another join and leave, by when the first would have been left as well.
        await gateway.LeaveAsync(await gateway.JoinAsync("abandoned", "bob"));
        var session = Assert.Single(await SessionsAsync(gateway, "joined"));
        await gateway.LeaveAsync(session);
    }

    [Theory]
    [InlineData("Idempotency-Key: once")]
    [InlineData("Prefer: respond-async")]
    public async Task A_client_that_can_find_its_session_again_may_go_at_any_time(string header)
    {
        using var gateway = new GatewayApplication();
        using (var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!))
        {
            await client.WriteAsync(Join("alice", header + "\r\n"));
            await Eventually.GetAsync(() => SessionsAsync(gateway, state: null), all => all.Length == 1);
            client.Vanish();
        }

        var joined = await Eventually.GetAsync(() => SessionsAsync(gateway, "joined"), joined => joined.Length == 1);
        await gateway.LeaveAsync(joined[0]);
    }

    private static string Join(string user, string headers = "")
    {
        var body = $$"""{"call_type":"default","call_id":"abandoned","user_id":"{{user}}"}""";
        return $"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
    }

    private static async Task<string[]> SessionsAsync(GatewayApplication gateway, string? state)
    {
        var page = await gateway.GetAsync("/v1/sessions" + (state is null ? "" : $"?state={state}"));
        return [.. page.GetProperty("sessions").EnumerateArray().Select(session => session.GetProperty("id").GetString()!)];
    }
}
