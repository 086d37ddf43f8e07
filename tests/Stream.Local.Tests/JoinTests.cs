using System.Text;
using System.Text.Json;
using GetStream.Auth;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class JoinTests : IAsyncLifetime
{
    private LocalStream _stream = null!;

    public async Task InitializeAsync() => _stream = await LocalStream.StartAsync();

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Theory]
    [InlineData("/api/v2/video")]
    [InlineData("/video")]
    public async Task A_user_joins_and_gets_credentials_for_the_sfu(string prefix)
    {
        var alice = new ApiClient(_stream, _stream.As("alice").Token) { Prefix = prefix };

        var answer = await alice.Post("/call/default/demo/join", """{"location":"auto","create":true}""");

        Assert.Equal(201, answer.Status);
        Assert.True(answer["created"].GetBoolean());
        Assert.Equal("default:demo", answer.Text("call.cid"));
        Assert.Equal("alice", answer.Text("call.created_by.id"));
        Assert.Equal(_stream.Sfu.Url, answer.Text("credentials.server.url"));
        Assert.Equal(_stream.Sfu.WsEndpoint, answer.Text("credentials.server.ws_endpoint"));
        Assert.Equal("fake-1", answer.Text("credentials.server.edge_name"));
        Assert.Equal(JsonValueKind.Array, answer["credentials.ice_servers"].ValueKind);
        Assert.Equal(JsonValueKind.False, answer["stats_options.enable_rtc_stats"].ValueKind);
        Assert.Contains("send-audio", answer.Texts("own_capabilities"));
        Assert.Equal(JsonValueKind.Array, answer["members"].ValueKind);
    }

    [Fact]
    public async Task The_sfu_token_says_who_comes_and_what_they_may_publish()
    {
        await _stream.AsServer().Post("/users", """{"users":{"alice":{"id":"alice","name":"Alice","custom":{"team":"red"}}}}""");

        var answer = await _stream.As("alice").Post("/video/call/default/demo/join", """{"location":"auto","create":true}""");

        var claims = Claims(answer.Text("credentials.token")!);
        Assert.Equal("alice", claims.GetProperty("user_id").GetString());
        Assert.Equal("default:demo", claims.GetProperty("call_cid").GetString());
        Assert.Equal("Alice", claims.GetProperty("name").GetString());
        Assert.Equal("red", claims.GetProperty("custom").GetProperty("team").GetString());
        Assert.True(claims.GetProperty("can_publish_audio").GetBoolean());
        Assert.False(claims.GetProperty("anonymous").GetBoolean());
        Assert.Equal("fake-1", claims.GetProperty("sfu").GetString());
        Assert.True(claims.GetProperty("exp").GetInt64() > claims.GetProperty("iat").GetInt64());
    }

    [Fact]
    public async Task A_listener_of_a_livestream_may_not_publish()
    {
        await _stream.As("host").Post("/video/call/livestream/show");
        await _stream.As("host").Post("/video/call/livestream/show/go_live");

        var answer = await _stream.As("guest").Post("/video/call/livestream/show/join", """{"location":"auto"}""");

        Assert.DoesNotContain("send-audio", answer.Ok().Texts("own_capabilities"));
        Assert.False(Claims(answer.Text("credentials.token")!).GetProperty("can_publish_audio").GetBoolean());
    }

    [Fact]
    public async Task An_unknown_call_is_not_created_unless_asked_for()
    {
        var answer = await _stream.As("alice").Post("/video/call/default/nowhere/join", """{"location":"auto","create":false}""");

        answer.Refused(404, 16, "default:nowhere");
    }

    [Fact]
    public async Task A_blocked_user_is_refused()
    {
        await _stream.As("alice").Post("/video/call/default/demo");
        await _stream.AsServer().Post("/users", """{"users":{"mallory":{"id":"mallory"}}}""");
        (await _stream.As("alice").Post("/video/call/default/demo/block", """{"user_id":"mallory"}""")).Ok();

        var answer = await _stream.As("mallory").Post("/video/call/default/demo/join", """{"location":"auto"}""");

        answer.Refused(403, 17, "blocked");
    }

    [Fact]
    public async Task Nobody_joins_an_ended_call_but_those_who_may()
    {
        await _stream.As("alice").Post("/video/call/default/demo");
        (await _stream.As("alice").Post("/video/call/default/demo/mark_ended")).Ok();

        (await _stream.As("bob").Post("/video/call/default/demo/join", """{"location":"auto"}""")).Refused(403, 17);
        (await _stream.As("alice").Post("/video/call/default/demo/join", """{"location":"auto"}""")).Ok();
    }

    [Fact]
    public async Task Backstage_is_closed_until_the_call_goes_live()
    {
        await _stream.As("host").Post("/video/call/livestream/show");

        (await _stream.As("viewer").Post("/video/call/livestream/show/join", """{"location":"auto"}""")).Refused(403, 17);
        (await _stream.As("host").Post("/video/call/livestream/show/join", """{"location":"auto"}""")).Ok();
        (await _stream.As("host").Post("/video/call/livestream/show/go_live")).Ok();
        (await _stream.As("viewer").Post("/video/call/livestream/show/join", """{"location":"auto"}""")).Ok();
    }

    [Fact]
    public async Task A_call_may_let_people_in_ahead_of_its_start()
    {
        var soon = DateTimeOffset.UtcNow.AddSeconds(60).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        await _stream.As("host").Post("/video/call/livestream/show", $$$$$"""
            {"data":{"starts_at":"{{{{{soon}}}}}","settings_override":{"backstage":{"enabled":true,"join_ahead_time_seconds":300}}}}
            """);

        (await _stream.As("viewer").Post("/video/call/livestream/show/join", """{"location":"auto"}""")).Ok();
    }

    [Fact]
    public async Task A_client_whose_sfu_failed_it_is_sent_to_the_only_one_again()
    {
        await _stream.As("alice").Post("/video/call/default/demo");

        var answer = await _stream.As("alice").Post(
            "/video/call/default/demo/join", """{"location":"auto","migrating_from":"fake-1","migrating_from_list":["fake-1"]}""");

        Assert.Equal("fake-1", answer.Ok().Text("credentials.server.edge_name"));
    }

    [Fact]
    public async Task An_anonymous_user_joins_without_a_token_where_the_call_type_lets_it()
    {
        await _stream.As("host").Post("/video/call/livestream/show");
        await _stream.As("host").Post("/video/call/livestream/show/go_live");

        var answer = await _stream.With(null).Post("/video/call/livestream/show/join", """{"location":"auto"}""");

        Assert.True(Claims(answer.Ok().Text("credentials.token")!).GetProperty("anonymous").GetBoolean());
        await _stream.As("alice").Post("/video/call/default/demo");
        (await _stream.With(null).Post("/video/call/default/demo/join", """{"location":"auto"}""")).Refused(403, 17);
    }

    [Fact]
    public async Task A_call_token_opens_its_calls_only_and_grants_its_role_there()
    {
        await _stream.As("host").Post("/video/call/livestream/show");
        await _stream.As("host").Post("/video/call/livestream/other");
        var token = new UserTokenClaims { CallCids = ["livestream:show"], Role = "host" };

        (await _stream.As("bob", token).Post("/video/call/livestream/show/join", """{"location":"auto"}""")).Ok();
        (await _stream.As("bob", token).Post("/video/call/livestream/other/join", """{"location":"auto"}""")).Refused(403, 17);
        (await _stream.As("bob", token).Get("/video/call/livestream/other")).Refused(403, 17);
    }

    [Fact]
    public async Task A_server_joins_on_behalf_of_a_user()
    {
        var created = await _stream.As("alice").Post("/video/call/default/demo");
        created.Ok();

        (await _stream.AsServer().Post("/video/call/default/demo/join", """{"location":"auto"}""")).Refused(400, 4, "user_id");
        var answer = await _stream.AsServer().Post("/video/call/default/demo/join?user_id=alice", """{"location":"auto"}""");

        Assert.Equal("alice", Claims(answer.Ok().Text("credentials.token")!).GetProperty("user_id").GetString());
    }

    [Fact]
    public async Task Participant_limits_reach_the_sfu_but_for_those_exempt()
    {
        await _stream.As("host").Post("/video/call/default/small", """
            {"data":{"settings_override":{"limits":{"max_participants":2,"max_participants_exclude_owner":true}}}}
            """);

        var owner = await _stream.As("host").Post("/video/call/default/small/join", """{"location":"auto"}""");
        var other = await _stream.As("bob").Post("/video/call/default/small/join", """{"location":"auto"}""");

        Assert.False(Claims(owner.Ok().Text("credentials.token")!).TryGetProperty("max_participants", out _));
        Assert.Equal(2, Claims(other.Ok().Text("credentials.token")!).GetProperty("max_participants").GetInt32());
    }

    private static JsonElement Claims(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        payload += new string('=', (4 - (payload.Length % 4)) % 4);
        return JsonSerializer.Deserialize<JsonElement>(Encoding.UTF8.GetString(Convert.FromBase64String(payload)));
    }
}
