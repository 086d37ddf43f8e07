using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class ModerationTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private EventSocket _socket = null!;
    private ApiClient _host = null!;
    private ApiClient _bob = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob"},"carol":{"id":"carol"}}}""");
        _socket = await EventSocket.ConnectAsync(_stream, "host");
        _host = _stream.As("host").Watching(_socket);
        _bob = _stream.As("bob");
        (await _host.Post("/video/call/default/demo")).Ok();
    }

    public async Task DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _stream.DisposeAsync();
    }

    [Fact]
    public async Task A_host_mutes_others()
    {
        (await _host.Post("/video/call/default/demo/mute_users", """{"user_ids":["bob","carol"],"audio":true,"screenshare":true}""")).Ok();

        var muted = await _socket.Next("call.user_muted");
        Assert.Equal("host", muted.GetProperty("from_user_id").GetString());
        Assert.Equal(2, muted.GetProperty("muted_user_ids").GetArrayLength());
        Assert.Contains("mute default:demo bob,carol Audio,ScreenShare by host", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task A_host_mutes_everyone()
    {
        (await _host.Post("/video/call/default/demo/mute_users", """{"mute_all_users":true,"audio":true}""")).Ok();

        Assert.Contains("mute default:demo everyone Audio by host", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task A_user_mutes_itself_and_nobody_else()
    {
        (await _bob.Post("/video/call/default/demo/mute_users", """{"user_ids":["bob"],"audio":true}""")).Ok();
        (await _bob.Post("/video/call/default/demo/mute_users", """{"user_ids":["carol"],"audio":true}""")).Refused(403, 17);
        (await _bob.Post("/video/call/default/demo/mute_users", """{"mute_all_users":true,"audio":true}""")).Refused(403, 17);
    }

    [Theory]
    [InlineData("""{"audio":true}""", "user_ids")]
    [InlineData("""{"user_ids":["bob"]}""", "audio")]
    public async Task A_mute_that_says_too_little_is_refused(string body, string part) =>
        (await _host.Post("/video/call/default/demo/mute_users", body)).Refused(400, 4, part);

    [Fact]
    public async Task A_kicked_user_may_come_back()
    {
        (await _host.Post("/video/call/default/demo/kick", """{"user_id":"bob"}""")).Ok();

        var kicked = await _socket.Next("call.kicked_user");
        Assert.Equal("bob", kicked.GetProperty("user").GetProperty("id").GetString());
        Assert.Equal("host", kicked.GetProperty("kicked_by_user").GetProperty("id").GetString());
        Assert.Contains("kick default:demo bob", _stream.Sfu.Commands);
        (await _bob.Post("/video/call/default/demo/join", """{"location":"auto"}""")).Ok();
    }

    [Fact]
    public async Task A_user_kicked_and_blocked_may_not_come_back()
    {
        (await _host.Post("/video/call/default/demo/kick", """{"user_id":"bob","block":true}""")).Ok();

        await _socket.Next("call.blocked_user");
        await _socket.Next("call.kicked_user");
        (await _bob.Post("/video/call/default/demo/join", """{"location":"auto"}""")).Refused(403, 17);
    }

    [Fact]
    public async Task A_blocked_user_is_sent_away_until_unblocked()
    {
        (await _host.Post("/video/call/default/demo/block", """{"user_id":"bob"}""")).Ok();
        var blocked = await _socket.Next("call.blocked_user");
        var call = await _host.Get("/video/call/default/demo");
        (await _bob.Get("/video/call/default/demo")).Refused(403, 17);
        (await _host.Post("/video/call/default/demo/unblock", """{"user_id":"bob"}""")).Ok();

        Assert.Equal("host", blocked.GetProperty("blocked_by_user").GetProperty("id").GetString());
        Assert.Equal(["bob"], call.Texts("call.blocked_user_ids"));
        Assert.Contains("kick default:demo bob", _stream.Sfu.Commands);
        await _socket.Next("call.unblocked_user");
        (await _bob.Post("/video/call/default/demo/join", """{"location":"auto"}""")).Ok();
    }

    [Theory]
    [InlineData("kick")]
    [InlineData("block")]
    [InlineData("unblock")]
    public async Task Moderation_of_nobody_is_refused(string operation)
    {
        (await _host.Post($"/video/call/default/demo/{operation}", """{"user_id":"nobody"}""")).Refused(404, 16, "nobody");
        (await _host.Post($"/video/call/default/demo/{operation}", """{"user_id":""}""")).Refused(400, 4, "user_id");
        (await _bob.Post($"/video/call/default/demo/{operation}", """{"user_id":"carol"}""")).Refused(403, 17);
    }

    [Fact]
    public async Task Permissions_are_asked_for_granted_and_revoked()
    {
        (await _host.Post("/video/call/audio_room/room")).Ok();
        (await _host.Post("/video/call/audio_room/room/go_live")).Ok();

        (await _bob.Post("/video/call/audio_room/room/request_permission", """{"permissions":["send-audio"]}""")).Ok();
        var asked = await _socket.Next("call.permission_request");
        (await _host.Post("/video/call/audio_room/room/user_permissions", """{"user_id":"bob","grant_permissions":["send-audio"]}""")).Ok();
        var granted = await _socket.Next("call.permissions_updated");
        var with = await _bob.Get("/video/call/audio_room/room");
        (await _host.Post("/video/call/audio_room/room/user_permissions", """{"user_id":"bob","revoke_permissions":["send-audio"]}""")).Ok();
        var without = await _bob.Get("/video/call/audio_room/room");

        Assert.Equal("bob", asked.GetProperty("user").GetProperty("id").GetString());
        Assert.Equal("send-audio", asked.GetProperty("permissions")[0].GetString());
        Assert.Contains("send-audio", granted.GetProperty("own_capabilities").EnumerateArray().Select(item => item.GetString()));
        Assert.Contains("send-audio", with.Texts("own_capabilities"));
        Assert.DoesNotContain("send-audio", without.Texts("own_capabilities"));
        Assert.Equal(
            ["grants audio_room:room bob audio=True video=False screenshare=False", "grants audio_room:room bob audio=False video=False screenshare=False"],
            _stream.Sfu.Commands.Where(command => command.StartsWith("grants", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"permissions":[]}""")]
    [InlineData("""{"permissions":["end-call"]}""")]
    public async Task Only_publishing_may_be_asked_for(string body) =>
        (await _bob.Post("/video/call/default/demo/request_permission", body)).Refused(400, 4, "permissions");

    [Fact]
    public async Task Settings_may_forbid_asking()
    {
        await _host.Patch("/video/call/default/demo", """{"settings_override":{"video":{"access_request_enabled":false}}}""");

        (await _bob.Post("/video/call/default/demo/request_permission", """{"permissions":["send-video"]}""")).Refused(403, 17, "send-video");
    }

    [Fact]
    public async Task Pins_reach_the_sfu_as_a_whole()
    {
        (await _host.Post("/video/call/default/demo/pin", """{"user_id":"bob","session_id":"s1"}""")).Ok();
        (await _host.Post("/video/call/default/demo/unpin", """{"user_id":"bob","session_id":"s1"}""")).Ok();
        (await _bob.Post("/video/call/default/demo/pin", """{"user_id":"bob","session_id":"s1"}""")).Refused(403, 17);

        Assert.Equal(["pins default:demo bob/s1", "pins default:demo "], _stream.Sfu.Commands);
    }

    [Theory]
    [InlineData("/video/call/default/demo/mark_ended")]
    [InlineData("/video/call/default/demo/go_live")]
    public async Task Guests_may_not_do_what_hosts_may(string path)
    {
        var guest = await _stream.With(null).Post("/guest", """{"user":{"id":"visitor"}}""");

        (await _stream.With(guest.Text("access_token")).Post(path)).Refused(403, 17);
    }
}
