using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace StreamGateway.Tests.Stories;

/// <summary>Voice agents: the mix over HTTP, and the socket with samples both ways.</summary>
public sealed class VoiceSocketTests : IAsyncLifetime
{
    private const int Rate = 16_000;

    private readonly GatewayApplication _gateway = new GatewayApplication().With("Audio:SocketQueue", "00:00:05");
    private string _agent = "";
    private string _human = "";

    public async Task InitializeAsync()
    {
        _agent = await _gateway.JoinAsync("voice", "agent");
        _human = await _gateway.JoinAsync("voice", "human");
    }

    public async Task DisposeAsync()
    {
        await _gateway.LeaveAsync(_agent);
        await _gateway.LeaveAsync(_human);
        await _gateway.AssertNativeIsEmptyAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task What_one_socket_says_the_other_hears_and_is_told_who_speaks()
    {
        using var agent = await VoiceClient.OpenAsync(_gateway, _agent, Rate);
        using var human = await VoiceClient.OpenAsync(_gateway, _human, Rate);
        var samples = await SamplesAsync();
        Assert.Equal(Rate, (await agent.ReadUntilAsync("ready")).GetProperty("rate").GetInt32());

        await agent.SendAsync(samples[..(samples.Length / 2 + 1)]); // cut within a sample
        await agent.SendAsync(samples[(samples.Length / 2 + 1)..]);
        await agent.SendAsync("""{"type":"mark","mark":"said"}""");

        Assert.Equal("agent", (await human.ReadUntilAsync("speaker_started")).GetProperty("user_id").GetString());
        var mark = await agent.ReadUntilAsync("mark");
        Assert.Equal(("said", false), (mark.GetProperty("mark").GetString(), mark.GetProperty("dropped").GetBoolean()));
        await human.ReadUntilAsync("speaker_stopped", last: true);
        Assert.InRange((await DecodeAsync(samples)).FoundIn(await DecodeAsync(human.Heard)), Sound.Alike, 1);
        await agent.CloseAsync();
        await human.CloseAsync();
    }

    [Fact]
    public async Task A_flush_silences_at_once_and_drops_the_marks_behind_it()
    {
        using var agent = await VoiceClient.OpenAsync(_gateway, _agent, Rate);
        using var human = await VoiceClient.OpenAsync(_gateway, _human, Rate);
        await agent.SendAsync(Tone(TimeSpan.FromSeconds(4)));
        await agent.SendAsync("""{"type":"mark","mark":"never"}""");
        await human.ReadUntilAsync("speaker_started");

        await agent.SendAsync("""{"type":"flush"}""");

        var flushed = await agent.ReadUntilAsync("flushed", "mark");
        var other = await agent.ReadUntilAsync("flushed", "mark");
        var (mark, answer) = flushed.GetProperty("type").GetString() == "mark" ? (flushed, other) : (other, flushed);
        Assert.InRange(answer.GetProperty("dropped_ms").GetDouble(), 1_000, 4_000);
        Assert.True(mark.GetProperty("dropped").GetBoolean());
        await human.ReadUntilAsync("speaker_stopped");
        await agent.CloseAsync();
        await human.CloseAsync();
    }

    [Fact]
    public async Task Bad_frames_are_told_and_the_socket_goes_on()
    {
        using var agent = await VoiceClient.OpenAsync(_gateway, _agent, Rate);
        string[] bad = ["no json", "[]", "{}", """{"type":"dance"}""", """{"type":"mark"}""", """{"type":"flush","now":1}""", new string('x', 9_000)];
        foreach (var frame in bad)
        {
            await agent.SendAsync(frame);
            Assert.Equal("invalid_request", (await agent.ReadUntilAsync("error")).GetProperty("code").GetString());
        }

        await agent.SendAsync(Tone(TimeSpan.FromSeconds(6))); // the queue holds five
        Assert.InRange((await agent.ReadUntilAsync("overflow")).GetProperty("dropped_ms").GetDouble(), 1, 6_000);
        await agent.SendAsync("""{"type":"flush"}""");
        await agent.ReadUntilAsync("flushed");
        await agent.CloseAsync();
    }

    [Fact]
    public async Task The_socket_ends_with_its_session()
    {
        var guest = await _gateway.JoinAsync("voice", "guest");
        using var socket = await VoiceClient.OpenAsync(_gateway, guest, Rate);
        await socket.ReadUntilAsync("ready");

        await _gateway.LeaveAsync(guest);

        Assert.Equal("session_ended", (await socket.ReadUntilAsync("ended")).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_second_mouth_of_a_session_is_refused_while_the_first_speaks()
    {
        using var first = await VoiceClient.OpenAsync(_gateway, _agent, Rate);
        await first.ReadUntilAsync("ready");

        var refusal = await Assert.ThrowsAsync<WebSocketException>(() => VoiceClient.OpenAsync(_gateway, _agent, Rate));

        Assert.Contains("409", refusal.Message, StringComparison.Ordinal);
        await first.CloseAsync();
    }

    [Theory]
    [InlineData("socket?rate=1", "rate")]
    [InlineData("socket?channels=3", "channels")]
    [InlineData("socket?format=mp3", "format")]
    [InlineData("?users=,", "users")]
    public async Task Bad_queries_are_named(string query, string field)
    {
        using var response = await _gateway.Http.GetAsync($"/v1/sessions/{_agent}/audio/{query}").WithTimeout();

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task The_socket_without_a_socket_is_a_bad_request()
    {
        using var response = await _gateway.Http.GetAsync($"/v1/sessions/{_agent}/audio/socket").WithTimeout();

        await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Theory]
    [InlineData("audio/ogg", "")]
    [InlineData("audio/wav", "?users=agent,somebody")]
    public async Task The_mix_is_heard_over_HTTP(string accept, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{_human}/audio{query}");
        request.Headers.Accept.ParseAdd(accept);
        using var listening = await _gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        Assert.Equal((HttpStatusCode.OK, accept), (listening.StatusCode, listening.Content.Headers.ContentType?.MediaType));
        var hearing = ReadAllAsync(await listening.Content.ReadAsStreamAsync());
        var speech = await Speech.OggAsync();

        using var published = await _gateway.PublishAsync(_agent, "voice", new ByteArrayContent(speech));
        await _gateway.LeaveAsync(_human); // ends the mix

        Assert.InRange((await Sound.DecodeAsync(speech)).FoundIn(await Sound.DecodeAsync(await hearing.WithTimeout())), Sound.Alike, 1);
    }

    private static async Task<byte[]> ReadAllAsync(Stream body)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all);
        return all.ToArray();
    }

    private static async Task<byte[]> SamplesAsync() =>
        await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-i", "pipe:0", "-t", "4", "-f", "s16le", "-ar", $"{Rate}", "-ac", "1", "pipe:1"], await Speech.OggAsync());

    private static async Task<Sound> DecodeAsync(byte[] samples) =>
        await Sound.DecodeAsync(await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-f", "s16le", "-ar", $"{Rate}", "-ac", "1", "-i", "pipe:0", "-f", "wav", "pipe:1"], samples));

    private static byte[] Tone(TimeSpan length)
    {
        var samples = new byte[2 * (int)(length.TotalSeconds * Rate)];
        for (var i = 0; i < samples.Length / 2; i++)
        {
            BitConverter.TryWriteBytes(samples.AsSpan(2 * i), (short)(8_000 * Math.Sin(2 * Math.PI * 440 * i / Rate)));
        }

        return samples;
    }

    /// <summary>The client's end of a voice socket.</summary>
    private sealed class VoiceClient : IDisposable
    {
        private readonly ClientWebSocket _socket = new();
        private readonly MemoryStream _heard = new();
        private readonly byte[] _buffer = new byte[256 * 1024];

        public byte[] Heard => _heard.ToArray();

        public static async Task<VoiceClient> OpenAsync(GatewayApplication gateway, string session, int rate)
        {
            var client = new VoiceClient();
            var address = new UriBuilder(new Uri(gateway.Http.BaseAddress!, $"/v1/sessions/{session}/audio/socket?rate={rate}")) { Scheme = "ws" };
            await client._socket.ConnectAsync(address.Uri, CancellationToken.None).WithTimeout();
            return client;
        }

        public Task SendAsync(byte[] samples) =>
            _socket.SendAsync(samples, WebSocketMessageType.Binary, true, CancellationToken.None).WithTimeout();

        public Task SendAsync(string text) =>
            _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None).WithTimeout();

        public Task<JsonElement> ReadUntilAsync(params string[] types) => ReadUntilAsync(types, settle: null);

        /// <summary>Like the other, but goes on while the same comes again within a second: speech has pauses.</summary>
        public Task<JsonElement> ReadUntilAsync(string type, bool last) =>
            ReadUntilAsync([type], last ? TimeSpan.FromSeconds(1) : null);

        private async Task<JsonElement> ReadUntilAsync(string[] types, TimeSpan? settle)
        {
            JsonElement? found = null;
            var samplesLeft = int.MaxValue;
            while (samplesLeft > 0)
            {
                var received = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None).WithTimeout();
                switch (received.MessageType)
                {
                    case WebSocketMessageType.Close:
                        throw new InvalidOperationException($"The socket closed before {string.Join(" or ", types)}.");
                    case WebSocketMessageType.Binary:
                        _heard.Write(_buffer, 0, received.Count);
                        samplesLeft -= found is null ? 0 : received.Count;
                        continue;
                }

                var message = JsonDocument.Parse(_buffer.AsMemory(0, received.Count).ToArray()).RootElement;
                var type = message.GetProperty("type").GetString()!;
                if (types.Contains(type))
                {
                    found = message;
                    samplesLeft = settle is { } time ? (int)(2 * Rate * time.TotalSeconds) : 0;
                }
                else if (type == "speaker_started")
                {
                    (found, samplesLeft) = (null, int.MaxValue);
                }
            }

            return found!.Value;
        }

        public async Task CloseAsync()
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WithTimeout();
            while (_socket.State != WebSocketState.Closed)
            {
                await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None).WithTimeout();
            }
        }

        public void Dispose() => _socket.Dispose();
    }
}
