using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace StreamGateway.Tests.Stories;

/// <summary>Who is there, what they send and how it arrives can be asked for at any time.</summary>
public sealed class LookingTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public LookingTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task Who_speaks_is_shown_with_tracks_level_and_quality()
    {
        var alice = await _gateway.JoinAsync("look", "alice");
        var bob = await _gateway.JoinAsync("look", "bob");
        var publishing = _gateway.PublishAsync(alice, "voice?loop=true", new ByteArrayContent(await Speech.OggAsync()));

        var seen = await Eventually.GetAsync(
            () => ParticipantAsync(bob, "alice"),
            one => one.GetProperty("is_speaking").GetBoolean() && one.GetProperty("is_dominant_speaker").GetBoolean()
                && one.GetProperty("connection_quality").ValueKind == JsonValueKind.String);

        Assert.InRange(seen.GetProperty("audio_level").GetDouble(), 0.001, 1);
        Assert.Equal("excellent", seen.GetProperty("connection_quality").GetString());
        Assert.False(seen.GetProperty("is_local").GetBoolean());
        var track = Assert.Single(seen.GetProperty("tracks").EnumerateArray());
        Assert.Equal(("audio", "opus", false), (
            track.GetProperty("track_type").GetString(), track.GetProperty("codec").GetString(), track.GetProperty("muted").GetBoolean()));
        var listed = Assert.Single((await _gateway.GetAsync($"/v1/sessions/{bob}/tracks")).GetProperty("tracks").EnumerateArray());
        Assert.Equal(track.GetRawText(), listed.GetRawText());

        await _gateway.LeaveAsync(alice);
        using var published = await publishing;
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task Counters_tell_of_both_directions_and_of_the_join()
    {
        var alice = await _gateway.JoinAsync("count", "alice");
        var bob = await _gateway.JoinAsync("count", "bob");
        var publishing = _gateway.PublishAsync(alice, "voice?loop=true", new ByteArrayContent(await Speech.OggAsync()));

        // Reports of the media server come once a second.
        var sent = await Eventually.GetAsync(
            () => _gateway.GetAsync($"/v1/sessions/{alice}/stats"),
            stats => stats.GetProperty("tracks").EnumerateArray().Any(track => track.GetProperty("rtt_ms").GetDouble() > 0));
        var received = await Eventually.GetAsync(
            () => _gateway.GetAsync($"/v1/sessions/{bob}/stats"),
            stats => stats.GetProperty("tracks").EnumerateArray().Any(track => track.GetProperty("bitrate_bps").GetDouble() > 0));

        Assert.Equal("connected", sent.GetProperty("publisher").GetProperty("state").GetString());
        Assert.Equal("connected", received.GetProperty("subscriber").GetProperty("state").GetString());
        Assert.Equal(("send", "receive"), (DirectionOf(sent), DirectionOf(received)));
        Assert.All(
            ["coordinator_ms", "signaling_ms", "total_ms", "ice_ms", "dtls_ms", "first_packet_ms"],
            phase => Assert.True(received.GetProperty("join_timing").GetProperty(phase).GetDouble() > 0, phase));
        Assert.True(sent.GetProperty("signaling").GetProperty("connected").GetBoolean());

        await _gateway.LeaveAsync(alice);
        using var published = await publishing;
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task A_sender_that_paces_itself_is_not_held_back()
    {
        var alice = await _gateway.JoinAsync("asap", "alice");
        var watch = Stopwatch.StartNew();

        using var published = await _gateway.PublishAsync(alice, "voice?pace=asap", new ByteArrayContent(await Speech.OggAsync()));

        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
        var ended = await GatewayApplication.JsonOf(published);
        Assert.Equal("completed", ended.GetProperty("reason").GetString());
        var duration = TimeSpan.FromMilliseconds(ended.GetProperty("duration_ms").GetDouble());
        Assert.True(watch.Elapsed < duration, $"{duration} of media took {watch.Elapsed}");
        await _gateway.LeaveAsync(alice);
    }

    private async Task<JsonElement> ParticipantAsync(string sessionId, string userId) =>
        (await _gateway.GetAsync($"/v1/sessions/{sessionId}/participants")).GetProperty("participants").EnumerateArray()
            .Single(one => one.GetProperty("user_id").GetString() == userId);

    private static string? DirectionOf(JsonElement stats) =>
        Assert.Single(stats.GetProperty("tracks").EnumerateArray()).GetProperty("direction").GetString();
}
