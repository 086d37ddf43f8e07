using StreamGateway.Tests.Server;

namespace StreamGateway.Tests.Stories;

/// <summary>Stream dies without a word and comes back: sessions come back too, with what they publish and hear.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task Sessions_survive_a_Stream_that_is_killed_and_started_again()
    {
        using var before = await LocalStreamProcess.StartAsync();
        await using var gateway = new GatewayApplication()
            .With("Stream:ApiKey", LocalStreamProcess.ApiKey)
            .With("Stream:ApiSecret", LocalStreamProcess.ApiSecret)
            .With("Stream:BaseUrl", before.Url.ToString());
        var alice = await gateway.JoinAsync("outage", "alice");
        var bob = await gateway.JoinAsync("outage", "bob");
        await using var events = await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{bob}/events");
        await using var published = await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{alice}/events");
        var publishing = gateway.PublishAsync(alice, "voice?loop=true", new ByteArrayContent(await Speech.OggAsync()));
        using var listening = await gateway.Http.GetAsync(
            $"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000", HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        await using var heard = await listening.Content.ReadAsStreamAsync();
        await ReadAsync(heard);

        await before.KillAsync();
        var reconnecting = await events.ReadUntilAsync("reconnecting");
        Assert.Equal("reconnecting", await StateAsync(gateway, bob));
        using var after = await LocalStreamProcess.StartAsync(before.Url.Port);

        foreach (var reader in new[] { events, published })
        {
            var back = (await reader.ReadUntilAsync("reconnected")).Json.GetProperty("reconnected");
            Assert.Equal("RECONNECT_STRATEGY_REJOIN", back.GetProperty("strategy").GetString());
        }

        Assert.Equal(1, reconnecting.Json.GetProperty("reconnecting").GetProperty("attempt").GetInt32());
        Assert.Equal("joined", await StateAsync(gateway, bob));
        await ReadAsync(heard); // one response, before and after
        var stats = await gateway.GetAsync($"/v1/sessions/{bob}/stats");
        var track = Assert.Single(stats.GetProperty("tracks").EnumerateArray());
        Assert.Equal(1, stats.GetProperty("reconnects").GetInt32());
        Assert.True(stats.GetProperty("signaling").GetProperty("connected").GetBoolean());
        Assert.Equal("receive", track.GetProperty("direction").GetString());
        Assert.All(["ssrc", "packets", "bytes", "bitrate_bps"], name => Assert.True(track.GetProperty(name).GetDouble() >= 0, name));
        Assert.True(track.GetProperty("packets").GetInt64() > 0);
        using (var closed = await gateway.Http.DeleteAsync($"/v1/sessions/{alice}/publications/voice").WithTimeout())
        {
            closed.EnsureSuccessStatusCode();
        }

        using var response = await publishing;
        response.EnsureSuccessStatusCode();
        await gateway.LeaveAsync(alice);
        await gateway.LeaveAsync(bob);
        await gateway.AssertNativeIsEmptyAsync();
    }

    private static async Task<string?> StateAsync(GatewayApplication gateway, string session) =>
        (await gateway.GetAsync($"/v1/sessions/{session}")).GetProperty("state").GetString();

    /// <summary>Reads more than any buffer between Stream and here holds.</summary>
    private static async Task ReadAsync(Stream heard)
    {
        var some = new byte[32_768];
        await heard.ReadExactlyAsync(some).AsTask().WithTimeout();
    }
}
