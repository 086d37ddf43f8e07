using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>The sessions of calls, as the SFU's news make them.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private LocalStream _stream = null!;
    private EventSocket _socket = null!;
    private ApiClient _alice = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync(clock: _clock);
        _socket = await EventSocket.OpenAsync(_stream);
        await _socket.AuthenticateAsync(_stream.As("alice", clock: _clock).Token!, "alice");
        var id = (await _socket.Next("connection.ok")).GetProperty("connection_id").GetString();
        var alice = _stream.As("alice", clock: _clock);
        _alice = new ApiClient(_stream, alice.Token) { UserId = "alice", ExtraQuery = $"connection_id={id}" };
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob","name":"Bob"},"root":{"id":"root","role":"admin"}}}""");
    }

    public async Task DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _stream.DisposeAsync();
    }

    [Fact]
    public async Task A_session_starts_with_its_first_participant_and_counts_roles()
    {
        await _alice.Post("/video/call/default/demo");

        _stream.Sfu.Join("default:demo", "bob", "s1");
        _stream.Sfu.Join("default:demo", "root", "s2");

        var started = await _socket.Next("call.session_started");
        var first = await _socket.Next("call.session_participant_joined");
        var counts = await _socket.Next("call.session_participant_count_updated");
        var second = await _socket.Next("call.session_participant_joined");
        await _socket.Next("call.session_participant_count_updated");
        Assert.Equal(started.GetProperty("session_id").GetString(), started.GetProperty("call").GetProperty("current_session_id").GetString());
        Assert.Equal("s1", first.GetProperty("participant").GetProperty("user_session_id").GetString());
        Assert.Equal("Bob", first.GetProperty("participant").GetProperty("user").GetProperty("name").GetString());
        Assert.Equal(1, counts.GetProperty("participants_count_by_role").GetProperty("user").GetInt32());
        Assert.Equal("admin", second.GetProperty("participant").GetProperty("role").GetString());

        var call = await _alice.Get("/video/call/default/demo");
        Assert.Equal(2, call["call.session.participants"].GetArrayLength());
        Assert.Equal(1, call["call.session.participants_count_by_role.admin"].GetInt32());
        var found = await _alice.Post("/video/call/default/demo/participants", """{"filter_conditions":{"user_id":"root"}}""");
        Assert.Equal(1, found.Ok()["total_participants"].GetInt32());
    }

    [Fact]
    public async Task Anonymous_participants_are_counted_but_not_listed()
    {
        await _alice.Post("/video/call/default/demo");

        _stream.Sfu.Join("default:demo", "!anon", "s1", anonymous: true);

        var counts = await _socket.Next("call.session_participant_count_updated");
        var call = await _alice.Get("/video/call/default/demo");
        Assert.Equal(1, counts.GetProperty("anonymous_participant_count").GetInt32());
        Assert.Equal(0, call["call.session.participants"].GetArrayLength());
    }

    [Fact]
    public async Task A_participant_that_leaves_is_told_with_how_long_it_stayed()
    {
        await _alice.Post("/video/call/default/demo");
        _stream.Sfu.Join("default:demo", "bob", "s1");
        await _socket.Next("call.session_participant_joined");
        await Beat(TimeSpan.FromSeconds(7));

        _stream.Sfu.Leave("default:demo", "bob", "s1");

        var left = await _socket.Next("call.session_participant_left");
        Assert.Equal(7, left.GetProperty("duration_seconds").GetInt32());
        Assert.Equal("left", left.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_session_ends_after_it_was_empty_for_a_while_and_the_next_is_another()
    {
        await _alice.Post("/video/call/default/demo");
        _stream.Sfu.Join("default:demo", "bob", "s1");
        var first = (await _socket.Next("call.session_started")).GetProperty("session_id").GetString();
        _stream.Sfu.Leave("default:demo", "bob", "s1");
        await _socket.Next("call.session_participant_left");

        // 30 seconds is what calls of this type start with.
        await Beat(TimeSpan.FromSeconds(29));
        Assert.DoesNotContain("call.session_ended", await _socket.TypesSoFar());
        await Beat(TimeSpan.FromSeconds(3));

        var ended = await _socket.Next("call.session_ended");
        Assert.Equal(first, ended.GetProperty("session_id").GetString());
        Assert.Equal("", ended.GetProperty("call").GetProperty("current_session_id").GetString());
        _stream.Sfu.Join("default:demo", "bob", "s2");
        var second = await _socket.Next("call.session_started");
        Assert.NotEqual(first, second.GetProperty("session_id").GetString());
    }

    [Fact]
    public async Task Coming_back_in_time_keeps_the_session()
    {
        await _alice.Post("/video/call/default/demo");
        _stream.Sfu.Join("default:demo", "bob", "s1");
        _stream.Sfu.Leave("default:demo", "bob", "s1");
        await _socket.Next("call.session_participant_left");
        await Beat(TimeSpan.FromSeconds(20));
        _stream.Sfu.Join("default:demo", "bob", "s2");
        await _socket.Next("call.session_participant_joined");

        await Beat(TimeSpan.FromSeconds(30));
        await Beat(TimeSpan.FromSeconds(30));

        Assert.DoesNotContain("call.session_ended", await _socket.TypesSoFar());
    }

    [Fact]
    public async Task A_session_ends_when_its_longest_duration_is_over()
    {
        await _alice.Post("/video/call/default/demo", """{"data":{"settings_override":{"limits":{"max_duration_seconds":60}}}}""");
        _stream.Sfu.Join("default:demo", "bob", "s1");
        var started = await _socket.Next("call.session_started");
        Assert.True(started.GetProperty("call").GetProperty("session").TryGetProperty("timer_ends_at", out _));

        await Beat(TimeSpan.FromSeconds(31));
        await Beat(TimeSpan.FromSeconds(31));

        await _socket.Next("call.session_ended");
        Assert.Contains("end default:demo SessionEnded", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task A_user_removed_on_its_way_into_a_call_does_not_stay()
    {
        var kicked = new TaskCompletionSource<string>();
        _stream.Sfu.Commanded += command => kicked.TrySetResult(command);
        await _alice.Post("/video/call/default/demo");
        (await _stream.AsServer().Post("/users/bob/deactivate")).Ok();
        Assert.Empty(_stream.Sfu.Commands);

        _stream.Sfu.Join("default:demo", "bob", "s1");
        await _socket.Next("call.session_participant_joined");
        await Beat(TimeSpan.FromSeconds(1));

        Assert.Equal("kick default:demo bob", await kicked.Task.WaitAsync(LocalStream.Patience));
    }

    [Fact]
    public async Task Members_who_do_not_answer_miss_the_call()
    {
        await _alice.Post("/video/call/default/demo", """{"ring":true,"data":{"members":[{"user_id":"alice"},{"user_id":"bob"},{"user_id":"root"}]}}""");
        var root = new ApiClient(_stream, _stream.As("root", clock: _clock).Token);
        (await root.Post("/video/call/default/demo/reject")).Ok();

        await Beat(TimeSpan.FromSeconds(17));

        var missed = await _socket.Next("call.missed");
        Assert.Equal("bob", missed.GetProperty("user").GetProperty("id").GetString());
        Assert.True(missed.GetProperty("call").GetProperty("session").GetProperty("missed_by").TryGetProperty("bob", out _));
        Assert.DoesNotContain("call.missed", await _socket.TypesSoFar());
    }

    [Fact]
    public async Task News_of_a_call_that_is_gone_are_ignored()
    {
        await _alice.Post("/video/call/default/demo");

        _stream.Sfu.Join("default:gone", "bob", "s1");
        _stream.Sfu.Leave("default:demo", "bob", "never came");
        _stream.Sfu.Join("default:demo", "bob", "s1");

        await _socket.Next("call.session_participant_joined");
    }

    /// <summary>Moves the clock with a health check before, so that the connection is not silent.</summary>
    private async Task Beat(TimeSpan time)
    {
        await _socket.SendAsync("{}");
        await _socket.Next("health.check");
        _clock.Advance(time);
    }
}
