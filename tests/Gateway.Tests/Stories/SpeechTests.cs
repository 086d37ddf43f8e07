using System.Net;

namespace StreamGateway.Tests.Stories;

/// <summary>The main job, over HTTP alone: bots join a call, speak, listen, and their events stream.</summary>
public sealed class SpeechTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public SpeechTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task What_one_bot_says_the_other_hears_word_for_word()
    {
        var speech = await Speech.OggAsync();
        var alice = await _gateway.JoinAsync("speech", "alice");
        var bob = await _gateway.JoinAsync("speech", "bob");
        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{bob}/events");

        var hearing = _gateway.Http.GetByteArrayAsync($"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000");
        using var published = await _gateway.PublishAsync(alice, "voice", new ByteArrayContent(speech));
        await _gateway.LeaveAsync(alice);
        var heard = await hearing.WithTimeout();
        await _gateway.LeaveAsync(bob);

        await AssertPublishedAsync(published);
        await AssertSameSpeechAsync(speech, heard);
        await AssertEventsAsync(events);
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_body_that_is_still_being_sent_is_heard_already()
    {
        var speech = await Speech.OggAsync();
        var carol = await _gateway.JoinAsync("live", "carol");
        var dave = await _gateway.JoinAsync("live", "dave");
        using var body = await _gateway.StartPublishingAsync(carol, "voice");
        await body.WriteAsync(speech.AsMemory(0, speech.Length / 2));

        using var listening = await _gateway.Http.GetAsync(
            $"/v1/sessions/{dave}/tracks/carol:audio/media?wait_ms=20000", HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        listening.EnsureSuccessStatusCode();
        await using var heard = await listening.Content.ReadAsStreamAsync();
        var first = new byte[4_096];
        await heard.ReadExactlyAsync(first).AsTask().WithTimeout();

        Assert.Equal("OggS"u8, first.AsSpan(0, 4));
        await body.WriteAsync(speech.AsMemory(speech.Length / 2));
        await body.CompleteAsync();
        using var published = await body.ReadResponseAsync();
        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
        await _gateway.LeaveAsync(carol);
        await _gateway.LeaveAsync(dave);
    }

    [Fact]
    public async Task Several_listeners_of_one_track_all_hear_it()
    {
        var speech = await Speech.OggAsync();
        var erin = await _gateway.JoinAsync("many", "erin");
        var frank = await _gateway.JoinAsync("many", "frank");

        var listeners = Enumerable.Range(0, 3)
            .Select(_ => _gateway.Http.GetByteArrayAsync($"/v1/sessions/{frank}/tracks/erin:audio/media?wait_ms=20000"))
            .ToList();
        using var published = await _gateway.PublishAsync(erin, "voice", new ByteArrayContent(speech));
        await _gateway.LeaveAsync(erin);

        foreach (var heard in await Task.WhenAll(listeners).WithTimeout())
        {
            await AssertSameSpeechAsync(speech, heard);
        }

        await _gateway.LeaveAsync(frank);
    }

    private static async Task AssertPublishedAsync(HttpResponseMessage published)
    {
        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
        var result = await GatewayApplication.JsonOf(published);
        Assert.Equal("completed", result.GetProperty("reason").GetString());
        Assert.Equal("voice", result.GetProperty("name").GetString());
        Assert.True(result.GetProperty("packets").GetInt32() > 100);
        Assert.True(result.GetProperty("bytes").GetInt32() > 10_000);
        Assert.InRange(result.GetProperty("duration_ms").GetDouble(), 3_000, 15_000);
    }

    private static async Task AssertSameSpeechAsync(byte[] said, byte[] heard)
    {
        var original = await Sound.DecodeAsync(said);
        var received = await Sound.DecodeAsync(heard);

        Assert.InRange(original.FoundIn(received), Sound.Alike, 1.001);
        // A machine that stands still makes the speaker pause, and the listener hear the pause.
        Assert.InRange((received.Duration - original.Duration).TotalMilliseconds, -60, 1_500);
    }

    private static async Task AssertEventsAsync(SseReader events)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Default);
        var seen = new List<SseEvent>();
        await foreach (var next in events.ReadAllAsync(deadline.Token))
        {
            seen.Add(next);
        }

        var types = seen.Select(item => item.Type).ToList();
        Assert.Equal("snapshot", types[0]);
        Assert.Equal(["left", "end"], types[^2..]);
        Assert.Contains("track_published", types);
        Assert.Contains("audio_levels", types);
        Assert.Contains("participant_left", types);
        Assert.Contains(seen, item => item.Type == "audio_levels" && item.Data.Contains("\"is_speaking\":true"));

        var numbers = seen[1..^1].Select(item => item.Json.GetProperty("seq").GetInt64()).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count).Select(i => numbers[0] + i), numbers);
    }
}
