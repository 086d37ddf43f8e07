using System.Text.Json;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>Who hears of what over the coordinator's WebSocket.</summary>
public sealed class WatchingTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private EventSocket _socket = null!;
    private ApiClient _alice = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        _socket = await EventSocket.ConnectAsync(_stream, "alice", "/video");
        _alice = _stream.As("alice").Watching(_socket);
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob","name":"Bob"},"carol":{"id":"carol"}}}""");
    }

    public async Task DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _stream.DisposeAsync();
    }

    [Theory]
    [InlineData("get")]
    [InlineData("get-or-create")]
    [InlineData("join")]
    [InlineData("query")]
    public async Task A_connection_hears_of_a_call_after_asking_for_it(string way)
    {
        await _stream.As("bob").Post("/video/call/default/demo");
        Assert.Empty(await _socket.TypesSoFar());

        var answer = way switch
        {
            "get" => await _alice.Get("/video/call/default/demo"),
            "get-or-create" => await _alice.Post("/video/call/default/demo", ""),
            "join" => await _alice.Post("/video/call/default/demo/join", """{"location":"auto"}"""),
            _ => await _alice.Post("/video/calls", """{"watch":true,"filter_conditions":{"cid":{"$in":["default:demo"]}}}"""),
        };
        answer.Ok();
        await _stream.As("bob").Post("/video/call/default/demo/event", """{"custom":{"hello":"world"}}""");

        var custom = await _socket.Next("custom");
        Assert.Equal("default:demo", custom.GetProperty("call_cid").GetString());
        Assert.Equal("world", custom.GetProperty("custom").GetProperty("hello").GetString());
        Assert.Equal("Bob", custom.GetProperty("user").GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.String, custom.GetProperty("created_at").ValueKind);
    }

    [Fact]
    public async Task A_connection_hears_nothing_of_calls_it_did_not_ask_for()
    {
        await _alice.Post("/video/call/default/mine");
        await _socket.Next("call.created");
        await _stream.As("bob").Post("/video/call/default/other");

        await _stream.As("bob").Post("/video/call/default/other/event", """{"custom":{}}""");

        Assert.Empty(await _socket.TypesSoFar());
    }

    [Fact]
    public async Task A_connection_of_another_user_cannot_be_used()
    {
        await _alice.Post("/video/call/default/demo");

        var answer = await _stream.As("bob").Watching(_socket).Get("/video/call/default/demo");

        answer.Refused(400, 46);
    }

    [Fact]
    public async Task Members_hear_of_a_call_that_is_created_for_them()
    {
        await _stream.As("bob").Post("/video/call/default/demo", """{"ring":true,"data":{"members":[{"user_id":"alice"},{"user_id":"bob"}]}}""");

        var created = await _socket.Next();
        var ring = await _socket.Next();

        Assert.Equal("call.created", created.GetProperty("type").GetString());
        Assert.Equal(2, created.GetProperty("members").GetArrayLength());
        Assert.Equal("call.ring", ring.GetProperty("type").GetString());
        Assert.NotEqual("", ring.GetProperty("session_id").GetString());
        Assert.Equal("bob", ring.GetProperty("user").GetProperty("id").GetString());
        AssertComplete(ring.GetProperty("call"));
    }

    [Fact]
    public async Task Chosen_members_are_rung_and_no_others()
    {
        await using var carol = await EventSocket.ConnectAsync(_stream, "carol");
        await _stream.As("bob").Post(
            "/video/call/default/demo", """{"data":{"members":[{"user_id":"alice"},{"user_id":"bob"},{"user_id":"carol"}]}}""");

        var rung = await _stream.As("bob").Post("/video/call/default/demo/ring", """{"members_ids":["carol"],"video":true}""");

        Assert.Equal(["carol"], rung.Ok().Texts("members_ids"));
        Assert.True((await carol.Next("call.ring")).GetProperty("video").GetBoolean());
        Assert.DoesNotContain("call.ring", await _socket.TypesSoFar());
        (await _stream.As("bob").Post("/video/call/default/demo/ring", """{"members_ids":["zoe"]}""")).Refused(400, 4, "zoe");
    }

    [Fact]
    public async Task Ringing_is_accepted_and_rejected()
    {
        await _alice.Post("/video/call/default/demo", """{"ring":true,"data":{"members":[{"user_id":"alice"},{"user_id":"bob"},{"user_id":"carol"}]}}""");

        (await _stream.As("bob").Post("/video/call/default/demo/accept")).Ok();
        (await _stream.As("carol").Post("/video/call/default/demo/reject", """{"reason":"busy"}""")).Ok();

        var accepted = await _socket.Next("call.accepted");
        var rejected = await _socket.Next("call.rejected");
        Assert.True(accepted.GetProperty("call").GetProperty("session").GetProperty("accepted_by").TryGetProperty("bob", out _));
        Assert.Equal("busy", rejected.GetProperty("reason").GetString());
        Assert.True(rejected.GetProperty("call").GetProperty("session").GetProperty("rejected_by").TryGetProperty("carol", out _));
    }

    [Fact]
    public async Task An_update_carries_the_complete_call()
    {
        await _alice.Post("/video/call/default/demo");

        await _alice.Patch("/video/call/default/demo", """{"custom":{"a":1}}""");

        var updated = await _socket.Next("call.updated");
        Assert.Equal(1, updated.GetProperty("call").GetProperty("custom").GetProperty("a").GetInt32());
        AssertComplete(updated.GetProperty("call"));
        Assert.True(updated.GetProperty("capabilities_by_role").TryGetProperty("user", out _));
    }

    [Fact]
    public async Task Changes_of_members_are_told_apart_and_former_members_hear_of_it()
    {
        await using var carol = await EventSocket.ConnectAsync(_stream, "carol");
        await _alice.Post("/video/call/default/demo", """{"data":{"members":[{"user_id":"bob"}]}}""");

        await _alice.Post("/video/call/default/demo/members", """{"update_members":[{"user_id":"carol"},{"user_id":"bob","role":"host"}]}""");
        await _alice.Post("/video/call/default/demo/members", """{"remove_members":["carol"]}""");

        var added = await _socket.Next("call.member_added");
        var changed = await _socket.Next("call.member_updated");
        var promoted = await _socket.Next("call.member_updated_permission");
        var removed = await _socket.Next("call.member_removed");
        Assert.Equal("carol", added.GetProperty("members")[0].GetProperty("user_id").GetString());
        Assert.Equal("bob", changed.GetProperty("members")[0].GetProperty("user_id").GetString());
        Assert.Equal("host", promoted.GetProperty("members")[0].GetProperty("role").GetString());
        Assert.Equal("carol", removed.GetProperty("members")[0].GetString());
        await carol.Next("call.member_added");
        await carol.Next("call.member_removed");
    }

    [Fact]
    public async Task Reactions_reach_the_watchers()
    {
        await _alice.Post("/video/call/default/demo");

        var sent = await _stream.As("bob").Post("/video/call/default/demo/reaction", """{"type":"like","emoji_code":":heart:","custom":{"n":1}}""");

        var heard = await _socket.Next("call.reaction_new");
        Assert.Equal("like", sent.Ok().Text("reaction.type"));
        Assert.Equal(":heart:", heard.GetProperty("reaction").GetProperty("emoji_code").GetString());
        Assert.Equal("bob", heard.GetProperty("reaction").GetProperty("user").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Going_live_and_stopping_are_told()
    {
        await _alice.Post("/video/call/livestream/show");

        var live = await _alice.Post("/video/call/livestream/show/go_live");
        var stopped = await _alice.Post("/video/call/livestream/show/stop_live");

        Assert.False(live.Ok()["call.backstage"].GetBoolean());
        Assert.True(stopped.Ok()["call.backstage"].GetBoolean());
        Assert.False((await _socket.Next("call.live_started")).GetProperty("call").GetProperty("backstage").GetBoolean());
        await _socket.Next("call.updated");
        Assert.True((await _socket.Next("call.updated")).GetProperty("call").GetProperty("backstage").GetBoolean());
        Assert.Contains("end livestream:show LiveEnded", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task The_end_of_a_call_is_told_after_the_sfu_sent_everyone_away()
    {
        await _alice.Post("/video/call/default/demo/join", """{"location":"auto","create":true}""");

        (await _alice.Post("/video/call/default/demo/mark_ended")).Ok();

        var ended = await _socket.Next("call.ended");
        var sessionEnded = await _socket.Next("call.session_ended");
        Assert.Equal("alice", ended.GetProperty("user").GetProperty("id").GetString());
        Assert.True(ended.GetProperty("call").TryGetProperty("ended_at", out _));
        Assert.Equal("", sessionEnded.GetProperty("call").GetProperty("current_session_id").GetString());
        Assert.Contains("end default:demo Ended", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task A_changed_user_is_told_to_those_in_the_same_call_and_to_the_sfu()
    {
        await _alice.Post("/video/call/default/demo");
        _stream.Sfu.Join("default:demo", "bob", "s1");
        await _socket.Next("call.session_participant_joined");

        await _stream.AsServer().Patch("/users", """{"users":[{"id":"bob","set":{"name":"Robert"}}]}""");

        var updated = await _socket.Next("user.updated");
        Assert.Equal("Robert", updated.GetProperty("user").GetProperty("name").GetString());
        Assert.Contains("user default:demo bob Robert", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task Events_spell_times_as_the_connection_does()
    {
        await using var server = await EventSocket.ConnectAsync(_stream, "bob", "/api/v2");
        await _alice.Post("/video/call/default/demo");
        await _stream.As("bob").Watching(server).Get("/video/call/default/demo");

        await _stream.As("bob").Post("/video/call/default/demo/event", """{"custom":{}}""");

        Assert.Equal(JsonValueKind.Number, (await server.Next("custom")).GetProperty("created_at").ValueKind);
        Assert.Equal(JsonValueKind.String, (await _socket.Next("custom")).GetProperty("created_at").ValueKind);
    }

    [Fact]
    public async Task Concurrent_changes_of_a_call_reach_every_watcher_in_one_order()
    {
        await using var second = await EventSocket.ConnectAsync(_stream, "alice");
        await _alice.Post("/video/call/default/demo");
        await _stream.As("alice").Watching(second).Get("/video/call/default/demo");

        await Task.WhenAll(Enumerable.Range(0, 50).Select(
            n => _stream.As("alice").Patch("/video/call/default/demo", $$$"""{"custom":{"n":{{{n}}}} }""")));

        var heard = await Numbers(_socket);
        Assert.Equal(heard, await Numbers(second));
        Assert.Equal(50, heard.Distinct().Count());
        var last = await _alice.Get("/video/call/default/demo");
        Assert.Equal(last["call.custom.n"].GetInt32(), heard[^1]);

        static async Task<List<int>> Numbers(EventSocket socket)
        {
            var numbers = new List<int>();
            while (numbers.Count < 50)
                numbers.Add((await socket.Next("call.updated")).GetProperty("call").GetProperty("custom").GetProperty("n").GetInt32());
            return numbers;
        }
    }

    private static void AssertComplete(JsonElement call)
    {
        foreach (var name in new[] { "egress", "blocked_user_ids", "settings", "created_by", "custom", "ingress", "current_session_id" })
            Assert.True(call.TryGetProperty(name, out _), name);
        if (call.TryGetProperty("session", out var session))
            Assert.Equal(JsonValueKind.Object, session.GetProperty("participants_count_by_role").ValueKind);
    }
}
