using System.Text.Json;
using System.Threading.Channels;
using GetStream.Auth;
using GetStream.Local.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Tests;

/// <summary>Coordinator, SFU and participants together: real bots over real WebRTC on loopback.</summary>
public sealed class BotTests : IAsyncLifetime
{
    private RtcEngine _engine = null!;
    private LocalStreamServer _server = null!;
    private LocalStream _stream = null!;

    public async Task InitializeAsync()
    {
        _engine = await RtcEngine.StartAsync(new RtcEngineOptions(), NullLoggerFactory.Instance);
        _server = await LocalStreamServer.StartAsync(
            new LocalStreamOptions { Port = 0, SfuPort = 0 }, _engine, NullLoggerFactory.Instance);
        _stream = LocalStream.Around(_server);
    }

    public async Task DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Bots_that_join_and_leave_make_the_calls_session()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "host");
        await _stream.As("host").Watching(socket).Post("/video/call/default/demo");

        await using var alice = await JoinAsync("alice");
        var started = await socket.Next("call.session_started");
        var joined = await socket.Next("call.session_participant_joined");
        await using var bob = await JoinAsync("bob");
        await socket.Next("call.session_participant_joined");
        await bob.LeaveAsync();
        var left = await socket.Next("call.session_participant_left");

        Assert.NotEqual("", started.GetProperty("session_id").GetString());
        Assert.Equal("alice", joined.GetProperty("participant").GetProperty("user").GetProperty("id").GetString());
        Assert.Equal(alice.ParticipantSessionId, joined.GetProperty("participant").GetProperty("user_session_id").GetString());
        Assert.Equal("bob", left.GetProperty("participant").GetProperty("user").GetProperty("id").GetString());
        var call = await _stream.As("host").Get("/video/call/default/demo");
        Assert.Equal(1, call["call.session.participants"].GetArrayLength());
    }

    [Fact]
    public async Task A_kicked_bot_is_out()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var bob = await JoinAsync("bob");

        (await _stream.As("host").Post("/video/call/default/demo/kick", """{"user_id":"bob"}""")).Ok();

        var left = await Next(bob, Event.PayloadOneofCase.Left);
        Assert.Equal("kicked", left.Left.Reason);
    }

    [Fact]
    public async Task A_deleted_users_bot_is_out_and_cannot_come_back()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var bob = await JoinAsync("bob");

        (await _stream.AsServer().Post("/users/delete", """{"user_ids":["bob"]}""")).Ok();

        Assert.Equal("kicked", (await Next(bob, Event.PayloadOneofCase.Left)).Left.Reason);
        await Assert.ThrowsAsync<RtcException>(() => JoinAsync("bob"));
    }

    [Fact]
    public async Task A_blocked_bot_is_out_and_cannot_come_back()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var bob = await JoinAsync("bob");

        (await _stream.As("host").Post("/video/call/default/demo/block", """{"user_id":"bob"}""")).Ok();
        await Next(bob, Event.PayloadOneofCase.Left);

        var refused = await Assert.ThrowsAsync<RtcException>(() => JoinAsync("bob"));
        Assert.Equal(RtcError.PermissionDenied, refused.Kind);
    }

    [Fact]
    public async Task The_end_of_a_call_sends_its_bots_away()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var alice = await JoinAsync("alice");
        await using var bob = await JoinAsync("bob");

        (await _stream.As("host").Post("/video/call/default/demo/mark_ended")).Ok();

        Assert.Equal("call_ended", (await Next(alice, Event.PayloadOneofCase.Left)).Left.Reason);
        Assert.Equal("call_ended", (await Next(bob, Event.PayloadOneofCase.Left)).Left.Reason);
    }

    [Fact]
    public async Task Revoked_permissions_reach_the_bot()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var bob = await JoinAsync("bob");

        (await _stream.As("host").Post(
            "/video/call/default/demo/user_permissions", """{"user_id":"bob","revoke_permissions":["send-audio"]}""")).Ok();

        var updated = await Next(bob, Event.PayloadOneofCase.PermissionsUpdated);
        Assert.False(updated.PermissionsUpdated.CanPublishAudio);
    }

    [Fact]
    public async Task A_muted_bot_is_told()
    {
        await _stream.As("host").Post("/video/call/default/demo");
        await using var bob = await JoinAsync("bob");
        await using var publication = await bob.PublishAsync(
            new RtcPublishOptions { Name = "voice", TrackType = TrackType.Audio, Format = "ogg" });

        (await _stream.As("host").Post("/video/call/default/demo/mute_users", """{"user_ids":["bob"],"audio":true}""")).Ok();

        var muted = await Next(bob, Event.PayloadOneofCase.MutedByModerator);
        Assert.Equal([TrackType.Audio], muted.MutedByModerator.TrackTypes);
    }

    [Fact]
    public async Task A_changed_user_is_seen_by_the_others()
    {
        await using var alice = await JoinAsync("alice");
        await using var bob = await JoinAsync("bob");

        (await _stream.AsServer().Patch("/users", """{"users":[{"id":"bob","set":{"name":"Robert"}}]}""")).Ok();

        var updated = await Next(alice, Event.PayloadOneofCase.ParticipantUpdated);
        Assert.Equal("Robert", updated.ParticipantUpdated.Participant.Name);
    }

    [Fact]
    public async Task An_unknown_call_is_told_as_such()
    {
        var refused = await Assert.ThrowsAsync<RtcException>(() => JoinAsync("alice", create: false));

        Assert.Equal(RtcError.CallNotFound, refused.Kind);
        Assert.Equal(16, refused.Stream?.Code);
    }

    [Fact]
    public async Task The_participant_limit_is_kept()
    {
        await _stream.As("host").Post(
            "/video/call/default/demo", """{"data":{"settings_override":{"limits":{"max_participants":1}}}}""");
        await using var alice = await JoinAsync("alice");

        var refused = await Assert.ThrowsAsync<RtcException>(() => JoinAsync("bob"));

        Assert.Equal(RtcError.SfuFull, refused.Kind);
    }

    private Task<RtcSession> JoinAsync(string userId, bool create = true) => _engine.JoinAsync(
        new RtcJoinOptions
        {
            CoordinatorUrl = _server.Url,
            ApiKey = _server.ApiKey,
            Token = StreamTokens.CreateUserToken(_server.ApiSecret, userId),
            CallType = "default",
            CallId = "demo",
            User = new RtcUser { Id = userId },
            Create = create,
        });

    private static async Task<Event> Next(RtcSession session, Event.PayloadOneofCase payload)
    {
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        await foreach (var happened in session.Events.ReadAllAsync(timeout.Token))
        {
            if (happened.PayloadCase == payload)
                return happened;
        }

        throw new ChannelClosedException($"the session ended without {payload}");
    }
}
