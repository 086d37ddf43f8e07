using System.Net;
using System.Text.Json;

namespace StreamGateway.Tests.Stories;

/// <summary>Participants that play files, for trying out what stands behind the gateway.</summary>
public sealed class MockTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mocks").FullName;
    private readonly GatewayApplication _gateway;

    public MockTests() => _gateway = new GatewayApplication().With("Sessions:MockDirectory", _directory);

    public async Task InitializeAsync() =>
        await File.WriteAllBytesAsync(
            Path.Combine(_directory, "speech.wav"), await Tool.RunAsync("espeak-ng", ["--stdout", Speech.Sentence]));

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_mock_plays_its_files_to_the_readers_that_name_their_packets()
    {
        await using var call = await SseReader.OpenAsync(_gateway.Http, "/v1/calls/default/mock/events?types=rtc_packet,left");
        var session = await _gateway.JoinAsync(
            "mock", "alice", ""","mock":{"participants":[{"user_id":"bob","name":"Bob","audio":{"audio_file_path":"speech.wav","realtime_clock":false}}]}""");
        await call.ReadUntilAsync("left");
        var all = await ReadAsync(session, "rtc_packet,participant_joined,call_ended,left");
        var usual = await ReadAsync(session, "*");

        var packets = all.Where(item => item.Type == "rtc_packet").Select(item => item.Json.GetProperty("rtc_packet")).ToList();
        Assert.Equal("participant_joined", all[0].Type);
        Assert.InRange(packets.Count, 200, 600); // some seconds, fifty of each
        Assert.All(packets, packet => AssertPacket(packet, "bob"));
        Assert.Equal(["call_ended", "left", "end"], all[^3..].Select(item => item.Type));
        Assert.DoesNotContain(usual, item => item.Type == "rtc_packet");
        Assert.Equal(["joined", "participant_joined", "call_ended", "left", "end"], usual.Select(item => item.Type));
    }

    [Fact]
    public async Task A_mock_that_goes_on_is_left_like_any_session()
    {
        var session = await _gateway.JoinAsync("mock", "alice", ""","mock":{"participants":[{"user_id":"bob"}]}""");
        var participants = (await _gateway.GetAsync($"/v1/sessions/{session}/participants")).GetProperty("participants");
        Assert.Equal(["alice", "bob"], participants.EnumerateArray().Select(item => item.GetProperty("user_id").GetString()).Order());
        await _gateway.LeaveAsync(session);
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Packets_of_a_real_call_reach_the_readers_that_name_them()
    {
        var alice = await _gateway.JoinAsync("packets", "alice");
        var bob = await _gateway.JoinAsync("packets", "bob", ""","packets":true""");
        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{bob}/events?types=rtc_packet");
        await events.ReadUntilAsync("snapshot");
        using var published = await _gateway.PublishAsync(alice, "voice", new ByteArrayContent(await Speech.OggAsync()));
        for (var packets = 0; packets < 100; packets++)
        {
            AssertPacket((await events.ReadUntilAsync("rtc_packet")).Json.GetProperty("rtc_packet"), "alice");
        }

        await _gateway.LeaveAsync(alice);
        await _gateway.LeaveAsync(bob);
    }

    [Theory]
    [InlineData("""{"participants":[{"user_id":"bob","audio":{"audio_file_path":"../secret.wav"}}]}""", "mock.participants[0].audio.audio_file_path")]
    [InlineData("""{"participants":[{"name":"Bob"}]}""", "mock.participants[0].user_id")]
    [InlineData("""{"participants":[{"user_id":"bob","video":{}}]}""", "mock.participants[0].video")]
    [InlineData("""{"participants":["bob"]}""", "mock.participants[0]")]
    [InlineData("{}", "mock.participants")]
    public async Task What_is_wrong_with_a_mock_is_named(string mock, string field)
    {
        using var response = await _gateway.PostAsync(
            "/v1/sessions", $$"""{"call_type":"default","call_id":"mock","user_id":"alice","mock":{{mock}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var errors = (await GatewayApplication.JsonOf(response)).GetProperty("errors");
        Assert.True(errors.TryGetProperty(field, out _), errors.ToString());
    }

    [Fact]
    public async Task Without_a_directory_there_are_no_mocks()
    {
        await using var gateway = new GatewayApplication();
        using var response = await gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"mock","user_id":"alice","mock":{"participants":[]}}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await GatewayApplication.JsonOf(response)).GetProperty("errors").TryGetProperty("mock", out _));
    }

    private static void AssertPacket(JsonElement packet, string user)
    {
        var pcm = packet.GetProperty("audio").GetProperty("pcm");
        Assert.Equal(user, packet.GetProperty("user_id").GetString());
        Assert.Equal("AUDIO_FORMAT_INT16", pcm.GetProperty("format").GetString());
        Assert.Equal(48_000, pcm.GetProperty("sample_rate").GetInt32());
        Assert.Equal(1, pcm.GetProperty("channels").GetInt32());
        Assert.Equal(2 * 960, pcm.GetProperty("payload").GetBytesFromBase64().Length);
    }

    /// <summary>Every event the session has told, of the types.</summary>
    private async Task<List<SseEvent>> ReadAsync(string session, string types)
    {
        var last = (await _gateway.GetAsync($"/v1/sessions/{session}")).GetProperty("last_event_id").GetString()!;
        var first = last[..last.IndexOf('-')] + "-0";
        await using var reader = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{session}/events?types={types}&last_event_id={first}");
        var events = new List<SseEvent>();
        await foreach (var next in reader.ReadAllAsync())
        {
            events.Add(next);
        }

        return events;
    }
}
