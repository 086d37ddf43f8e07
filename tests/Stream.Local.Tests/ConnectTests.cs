using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using GetStream.Auth;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class ConnectTests : IAsyncLifetime
{
    /// <summary>A close frame with status 1002, as Latin-1.</summary>
    private const string ProtocolError = "\u0088\u0002\u0003\u00ea";

    private LocalStream _stream = null!;

    public async Task InitializeAsync() => _stream = await LocalStream.StartAsync();

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Theory]
    [InlineData("/api/v2", JsonValueKind.Number)]
    [InlineData("/video", JsonValueKind.String)]
    public async Task The_first_frame_is_connection_ok_and_spells_times_as_its_prefix_does(string prefix, JsonValueKind times)
    {
        await using var socket = await EventSocket.OpenAsync(_stream, prefix);

        await socket.AuthenticateAsync(
            _stream.As("alice").Token!, "alice", """{"id":"alice","name":"Alice","image":"i.png","custom":{"x":1}}""");
        var ok = await socket.Next();

        Assert.Equal("connection.ok", ok.GetProperty("type").GetString());
        Assert.NotEqual("", ok.GetProperty("connection_id").GetString());
        Assert.Equal(times, ok.GetProperty("created_at").ValueKind);
        var me = ok.GetProperty("me");
        Assert.Equal("Alice", me.GetProperty("name").GetString());
        Assert.Equal(1, me.GetProperty("custom").GetProperty("x").GetInt32());
        Assert.True(me.GetProperty("online").GetBoolean());
        Assert.Equal(JsonValueKind.Array, me.GetProperty("devices").ValueKind);
    }

    [Fact]
    public async Task Connecting_creates_the_user()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "alice", details: """{"id":"alice","name":"Alice"}""");

        var found = await _stream.AsServer().Get("""/users?payload={"filter_conditions":{"id":"alice"}}""");

        Assert.Equal("Alice", found.Ok().Text("users.0.name"));
        Assert.True(found["users.0.online"].GetBoolean());
    }

    [Theory]
    [InlineData("""[{"type":"health.check","client_id":"alice--1"}]""")]
    [InlineData("""{"type":"health.check","cid":"*"}""")]
    [InlineData("not even json")]
    public async Task Every_frame_of_a_client_is_answered_by_a_health_check(string frame)
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "alice");

        await socket.SendAsync(frame);
        var answer = await socket.Next();

        Assert.Equal("health.check", answer.GetProperty("type").GetString());
        Assert.Equal(socket.ConnectionId, answer.GetProperty("connection_id").GetString());
    }

    [Fact]
    public async Task A_wrong_api_key_is_refused()
    {
        await using var socket = await EventSocket.OpenAsync(_stream, apiKey: "other");

        await Refused(socket, 2);
    }

    [Fact]
    public async Task A_token_with_another_secret_is_refused() =>
        await RefusedWith(StreamTokens.CreateUserToken("another secret", "alice"), 43);

    [Fact]
    public async Task A_token_that_is_none_is_refused() => await RefusedWith("hello", 5);

    [Fact]
    public async Task A_server_token_is_refused() => await RefusedWith(_stream.AsServer().Token!, 5);

    [Fact]
    public async Task A_token_of_another_user_is_refused() => await RefusedWith(_stream.As("bob").Token!, 5);

    [Fact]
    public async Task An_expired_token_is_refused_with_the_code_that_makes_clients_fetch_another() =>
        await RefusedWith(TokenAt(TimeSpan.FromHours(-2)), 40);

    [Fact]
    public async Task A_token_from_the_future_is_refused() => await RefusedWith(TokenAt(TimeSpan.FromHours(2)), 42);

    [Fact]
    public async Task Something_else_than_authentication_is_refused()
    {
        await using var socket = await EventSocket.OpenAsync(_stream);

        await socket.SendAsync("[1,2,3]");

        await Refused(socket, 4);
    }

    [Fact]
    public async Task A_connection_of_the_server_too_many_is_refused()
    {
        await using var small = await LocalStream.StartAsync(new LocalStreamOptions { MaxConnections = 1 });
        await using var first = await EventSocket.ConnectAsync(small, "alice");
        await using var second = await EventSocket.OpenAsync(small);

        await second.AuthenticateAsync(small.As("bob").Token!, "bob");

        await Refused(second, 71);
    }

    [Fact]
    public async Task A_silent_client_is_dropped()
    {
        var clock = new ManualClock();
        await using var stream = await LocalStream.StartAsync(clock: clock);
        await using var socket = await EventSocket.OpenAsync(stream);
        await socket.AuthenticateAsync(stream.As("alice", clock: clock).Token!, "alice");
        await socket.Next("connection.ok");

        // An answered frame shows that the server listens, and restarts the wait.
        await socket.SendAsync("{}");
        await socket.Next("health.check");
        clock.Advance(TimeSpan.FromSeconds(34));
        await socket.SendAsync("{}");
        await socket.Next("health.check");
        clock.Advance(TimeSpan.FromSeconds(36));
        await socket.Closed();

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, socket.CloseStatus);
        Assert.Equal("Silent", socket.CloseReason);
    }

    [Fact]
    public async Task A_client_that_never_authenticates_is_let_go()
    {
        var clock = new ManualClock();
        await using var stream = await LocalStream.StartAsync(clock: clock);
        await using var socket = await EventSocket.OpenAsync(stream);

        // The handshake's timer starts once the server has accepted, which the client cannot see: keep moving.
        while (!socket.Closed().IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await socket.Closed();
    }

    [Fact]
    public async Task Those_who_have_not_authenticated_are_bounded_and_keep_nobody_else_out()
    {
        await using var stream = await LocalStream.StartAsync(new LocalStreamOptions { MaxHandshakes = 2 });
        await using var connected = await EventSocket.ConnectAsync(stream, "alice");
        await using var first = await EventSocket.OpenAsync(stream);
        await using var second = await EventSocket.OpenAsync(stream);

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => EventSocket.OpenAsync(stream));
        await first.AuthenticateAsync(stream.As("bob").Token!, "bob");
        await first.Next("connection.ok");
        await using var third = await EventSocket.ConnectAsync(stream, "carol");

        Assert.Contains("429", refused.Message);
        await connected.SendAsync("{}");
        await connected.Next("health.check");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_frame_that_is_not_masked_ends_the_connection(bool comesLater)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", new Uri(_stream.Url).Port);
        var wire = tcp.GetStream();
        await wire.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v2/connect?api_key={_stream.ApiKey} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var hello = $$$"""{"token":"{{{_stream.As("alice").Token}}}","user_details":{"id":"alice"}}""";

        // Byte by byte: a frame may begin and end anywhere in what is read.
        foreach (var one in comesLater ? Frame(hello, isMasked: true) : [])
            await wire.WriteAsync(new[] { one });
        var before = await ReadAsync(wire, until: comesLater ? "connection.ok" : "\r\n\r\n");
        await wire.WriteAsync(Frame("{}", isMasked: false));
        var after = await ReadAsync(wire, until: ProtocolError);

        Assert.Contains(comesLater ? "connection.ok" : "101 Switching Protocols", before);
        Assert.EndsWith(ProtocolError, after);
        Assert.DoesNotContain("health.check", after);
    }

    [Fact]
    public async Task A_frame_too_big_ends_the_connection()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "alice");

        await socket.SendAsync(new string('x', 70_000));

        await socket.Closed();
    }

    [Fact]
    public async Task Stopping_the_server_tells_the_clients()
    {
        var stream = await LocalStream.StartAsync();
        await using var socket = await EventSocket.ConnectAsync(stream, "alice");

        await stream.DisposeAsync();
        await socket.Closed();

        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
    }

    [Fact]
    public async Task A_deactivated_user_is_dropped_and_kept_out()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "alice");

        (await _stream.AsServer().Post("/users/alice/deactivate")).Ok();

        await socket.Next("user.deactivated");
        await socket.Closed();
        await using var again = await EventSocket.OpenAsync(_stream);
        await again.AuthenticateAsync(_stream.As("alice").Token!, "alice");
        await Refused(again, 17);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_events_is_dropped()
    {
        await using var stream = await LocalStream.StartAsync(new LocalStreamOptions { MaxQueuedEvents = 4 });
        using var slow = new ClientWebSocket();
        await slow.ConnectAsync(new Uri($"{stream.Url.Replace("http", "ws")}/api/v2/connect?api_key={stream.ApiKey}"), CancellationToken.None);
        var hello = $$$"""{"token":"{{{stream.As("slow").Token}}}","user_details":{"id":"slow"}}""";
        await slow.SendAsync(System.Text.Encoding.UTF8.GetBytes(hello), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[8192];
        var length = (await slow.ReceiveAsync(buffer, CancellationToken.None)).Count;
        var connectionId = JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, length)).GetProperty("connection_id").GetString();
        await stream.As("slow").Post($"/video/call/default/demo?connection_id={connectionId}");
        var big = new string('x', 5_000);

        // None of it is read: at some time the sockets' buffers and then the queue are full.
        for (var i = 0; i < 6_000; i++)
        {
            if (i % 100 == 0 && (await stream.As("slow").Get($"/video/call/default/demo?connection_id={connectionId}")).Status == 400)
                break;
            (await stream.As("slow").Post("/video/call/default/demo/event", $$$"""{"custom":{"x":"{{{big}}}"}}""")).Ok();
        }

        var answer = await stream.As("slow").Post($"/video/call/default/demo?connection_id={connectionId}");
        answer.Refused(400, 46);
    }

    private static async Task<string> ReadAsync(NetworkStream wire, string until)
    {
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        var (text, buffer) = ("", new byte[4096]);
        while (!text.Contains(until))
        {
            var count = await wire.ReadAsync(buffer, timeout.Token);
            if (count == 0)
                break;
            text += Encoding.Latin1.GetString(buffer, 0, count);
        }

        return text;
    }

    /// <summary>A text frame of up to 64 KB; the mask changes nothing, so that the payload can be read.</summary>
    private static byte[] Frame(string text, bool isMasked)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        var mask = isMasked ? 0x80 : 0;
        byte[] length = payload.Length < 126
            ? [(byte)(mask | payload.Length)]
            : [(byte)(mask | 126), (byte)(payload.Length >> 8), (byte)payload.Length];
        return [0x81, .. length, .. isMasked ? new byte[4] : [], .. payload];
    }

    private async Task RefusedWith(string token, int code)
    {
        await using var socket = await EventSocket.OpenAsync(_stream);
        await socket.AuthenticateAsync(token, "alice");
        await Refused(socket, code);
    }

    private static async Task Refused(EventSocket socket, int code)
    {
        var error = await socket.Next();
        Assert.Equal("connection.error", error.GetProperty("type").GetString());
        Assert.Equal("", error.GetProperty("connection_id").GetString());
        Assert.Equal(code, error.GetProperty("error").GetProperty("code").GetInt32());
        await socket.Closed();
    }

    /// <summary>A token of alice, good for an hour, made at another time.</summary>
    private string TokenAt(TimeSpan offset)
    {
        var clock = new ManualClock();
        clock.Advance(DateTimeOffset.UtcNow + offset - clock.GetUtcNow());
        return _stream.As("alice", new UserTokenClaims { ExpiresIn = TimeSpan.FromHours(1) }, clock).Token!;
    }
}
