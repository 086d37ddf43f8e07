using System.Buffers.Text;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace StreamGateway.Tests.Auth;

/// <summary>A ticket is for an address that others read: it opens what it names, and nothing else.</summary>
public sealed class TicketTests : IAsyncLifetime
{
    private readonly GatewayApplication _gateway = new GatewayApplication()
        .With("Auth:TicketLifetime", "00:00:05")
        .WithKey("all", "sessions:read", "sessions:write", "events:read")
        .WithKey("reader", "sessions:read")
        .WithKey("other", "sessions:read", "sessions:write", "events:read")
        .WithKey("rest", "rest");

    private string _one = "";
    private string _two = "";

    public async Task InitializeAsync()
    {
        _one = await _gateway.JoinAsAsync("all", "tickets", "one");
        _two = await _gateway.JoinAsAsync("all", "tickets", "two");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_ticket_for_a_session_opens_its_streams_and_nothing_of_another()
    {
        var ticket = await TicketAsync("all", $$"""{"session_id":"{{_one}}"}""");

        foreach (var path in new[] { "events", "audio", "tracks/two:audio/media", "recordings/none/files/mix.ogg" })
        {
            Assert.NotEqual(HttpStatusCode.Unauthorized, await OpenAsync($"/v1/sessions/{_one}/{path}", ticket));
            Assert.Equal(HttpStatusCode.Unauthorized, await OpenAsync($"/v1/sessions/{_two}/{path}", ticket));
        }

        foreach (var path in new[]
        {
            "/v1/events", "/v1/calls/default/tickets/events", $"/v1/sessions/{_one}/audio/socket", $"/v1/sessions/{_one}",
            $"/v1/sessions/{_one}/tracks", "/v1/sessions", "/v1/recordings", "/metrics",
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await OpenAsync(path, ticket));
        }
    }

    [Theory]
    [InlineData("""{"call_cid":"default:tickets"}""", "/v1/calls/default/tickets/events", "/v1/calls/default/secret/events")]
    [InlineData("""{"paths":["/v1/events"]}""", "/v1/events", "/v1/calls/default/tickets/events")]
    [InlineData("""{"session_id":"ONE","tracks":["two:audio"]}""", "/v1/sessions/ONE/tracks/two:audio/media?wait_ms=0", "/v1/sessions/ONE/tracks/three:audio/media")]
    [InlineData("""{"session_id":"ONE","tracks":["two:audio"]}""", "/v1/sessions/ONE/tracks/two%3Aaudio/media", "/v1/sessions/ONE/audio")]
    [InlineData("""{"paths":["/v1/sessions/ONE/audio"]}""", "/v1/sessions/ONE/audio/", "/v1/sessions/ONE/events")]
    public async Task A_ticket_opens_what_it_names(string body, string opened, string closed)
    {
        var ticket = await TicketAsync("all", body.Replace("ONE", _one, StringComparison.Ordinal));

        Assert.NotEqual(HttpStatusCode.Unauthorized, await OpenAsync(opened.Replace("ONE", _one, StringComparison.Ordinal), ticket));
        Assert.Equal(HttpStatusCode.Unauthorized, await OpenAsync(closed.Replace("ONE", _one, StringComparison.Ordinal), ticket));
    }

    [Theory]
    [InlineData("{}", "session_id")]
    [InlineData("""{"session_id":null}""", "session_id")]
    [InlineData("""{"path":"/v1/events"}""", "path")]
    [InlineData("""{"session_id":"0123456789abcdef0123456789abcdef","call_cid":"default:a"}""", "session_id")]
    [InlineData("""{"session_id":"*"}""", "session_id")]
    [InlineData("""{"call_cid":"default"}""", "call_cid")]
    [InlineData("""{"call_cid":"default:a","speak":true}""", "speak")]
    [InlineData("""{"call_cid":"default:a","tracks":["b:audio"]}""", "tracks")]
    [InlineData("""{"session_id":"0123456789abcdef0123456789abcdef","tracks":[]}""", "tracks")]
    [InlineData("""{"session_id":"0123456789abcdef0123456789abcdef","tracks":[null]}""", "tracks")]
    [InlineData("""{"session_id":"0123456789abcdef0123456789abcdef","tracks":["../../events"]}""", "tracks")]
    [InlineData("""{"paths":[]}""", "paths")]
    [InlineData("""{"paths":["/v1/sessions"]}""", "paths")]
    [InlineData("""{"paths":["/v1/events?types=a"]}""", "paths")]
    [InlineData("""{"paths":["https://example.com/v1/events"]}""", "paths")]
    [InlineData("""{"paths":["/v1/../v1/events"]}""", "paths")]
    public async Task A_request_that_does_not_say_what_to_open_is_told(string body, string field)
    {
        using var refused = await _gateway.SendAsAsync("all", HttpMethod.Post, "/v1/tickets", body);

        var problem = await refused.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task A_key_makes_tickets_for_what_it_may_open_itself()
    {
        var whole = await TicketAsync("reader", """{"paths":["/v1/sessions/0123456789abcdef0123456789abcdef/audio"]}""");
        Assert.Equal(HttpStatusCode.NotFound, await OpenAsync("/v1/sessions/0123456789abcdef0123456789abcdef/audio", whole));
        foreach (var (key, body, scope) in new[]
        {
            ("reader", """{"paths":["/v1/events"]}""", "events:read"),
            ("reader", """{"call_cid":"default:tickets"}""", "events:read"),
            ("reader", """{"paths":["/v1/sessions/x/audio/socket"]}""", "sessions:write"),
            ("rest", """{"call_cid":"default:tickets"}""", "sessions:read or events:read"),
        })
        {
            using var refused = await _gateway.SendAsAsync(key, HttpMethod.Post, "/v1/tickets", body);
            var problem = await refused.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
            Assert.Contains(scope, problem.GetProperty("detail").GetString());
        }

        using var foreign = await _gateway.SendAsAsync("other", HttpMethod.Post, "/v1/tickets", $$"""{"session_id":"{{_one}}"}""");
        await foreign.HasCodeAsync(HttpStatusCode.NotFound, "session_not_found");
        var byPath = await TicketAsync("other", $$"""{"paths":["/v1/sessions/{{_one}}/audio"]}""");
        Assert.Equal(HttpStatusCode.NotFound, await OpenAsync($"/v1/sessions/{_one}/audio", byPath));
    }

    [Fact]
    public async Task The_socket_opens_with_a_ticket_that_says_so()
    {
        var listening = await TicketAsync("all", $$"""{"session_id":"{{_one}}"}""");
        var speaking = await TicketAsync("all", $$"""{"session_id":"{{_one}}","speak":true}""");

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(_one, listening));
        using var socket = await ConnectAsync(_one, speaking);
        var hello = new byte[4096];
        var received = await socket.ReceiveAsync(hello, CancellationToken.None).WithTimeout();

        Assert.Contains("401", refused.Message);
        Assert.Equal("ready", JsonDocument.Parse(hello.AsMemory(0, received.Count)).RootElement.GetProperty("type").GetString());
    }

    [Fact]
    public async Task What_is_open_when_the_ticket_ends_goes_on_and_nothing_new_opens()
    {
        var time = new ManualTime();
        await using var gateway = new GatewayApplication().WithKey("all", "sessions:read", "sessions:write", "events:read")
            .With(services => services.AddSingleton<TimeProvider>(time));
        var session = await gateway.JoinAsAsync("all", "after", "alice");
        var body = """{"paths":["/v1/events"]}""";
        using var made = await gateway.SendAsAsync("all", HttpMethod.Post, "/v1/tickets", body);
        var ticket = (await GatewayApplication.JsonOf(made)).GetProperty("ticket").GetString()!;
        await using var stream = await SseReader.OpenAsync(gateway.Http, $"/v1/events?ticket={ticket}");
        await stream.ReadUntilAsync("snapshot");

        time.Advance(TimeSpan.FromMinutes(1));
        using var left = await gateway.SendAsAsync("all", HttpMethod.Delete, $"/v1/sessions/{session}");

        Assert.Equal(session, (await stream.ReadUntilAsync("left")).Json.GetProperty("session_id").GetString());
        using var refused = await gateway.SendAsAsync(null, HttpMethod.Get, $"/v1/events?ticket={ticket}");
        await refused.HasCodeAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_ticket_has_one_spelling()
    {
        var ticket = await TicketAsync("all", """{"paths":["/v1/events"]}""");
        var dot = ticket.IndexOf('.');
        var (payload, signature) = (ticket[..dot], ticket[(dot + 1)..]);
        // The last letter of 32 bytes carries two bits that mean nothing.
        var letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var spare = signature[..^1] + letters[letters.IndexOf(signature[^1]) ^ 1];
        var altered = Base64Url.EncodeToString(
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(payload)).Replace("/v1/events", "/v1/event", StringComparison.Ordinal)));

        Assert.Equal(HttpStatusCode.OK, await OpenAsync("/v1/events", ticket));
        foreach (var forged in new[]
        {
            $"{payload}.{signature}=", $"{payload}=.{signature}", $"{payload}.{signature}%20", $"{payload}.{spare}", $"{altered}.{signature}",
            $"{payload}.{signature}.", $"{payload}.", $".{signature}", ".", new string('a', 20_000),
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await OpenAsync("/v1/events", forged));
        }
    }

    private async Task<string> TicketAsync(string key, string body)
    {
        using var made = await _gateway.SendAsAsync(key, HttpMethod.Post, "/v1/tickets", body);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        return (await GatewayApplication.JsonOf(made)).GetProperty("ticket").GetString()!;
    }

    private async Task<HttpStatusCode> OpenAsync(string path, string ticket)
    {
        using var answer = await _gateway.SendAsAsync(null, HttpMethod.Get, $"{path}{(path.Contains('?') ? '&' : '?')}ticket={ticket}");
        return answer.StatusCode;
    }

    private async Task<ClientWebSocket> ConnectAsync(string session, string ticket)
    {
        var address = new UriBuilder(_gateway.Http.BaseAddress!) { Scheme = "ws", Path = $"/v1/sessions/{session}/audio/socket", Query = $"ticket={ticket}" };
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(address.Uri, CancellationToken.None).WithTimeout();
        return socket;
    }

    /// <summary>Moves its clock forward only when told to; timers run as ever.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public void Advance(TimeSpan by) => _ahead += by;
    }
}
