using System.Text.Json;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class CallTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private ApiClient _alice = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        _alice = _stream.As("alice");
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob","name":"Bob"},"carol":{"id":"carol"}}}""");
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task A_call_is_created_once()
    {
        var first = await _alice.Post("/video/call/default/demo", """{"data":{"custom":{"topic":"tea"},"team":"red"}}""");
        var second = await _stream.As("bob").Post("/video/call/default/demo", """{"data":{"custom":{"topic":"coffee"}}}""");

        Assert.True(first["created"].GetBoolean());
        Assert.False(second["created"].GetBoolean());
        Assert.Equal("tea", second.Text("call.custom.topic"));
        Assert.Equal("red", second.Text("call.team"));
        Assert.Equal("alice", second.Text("call.created_by.id"));
    }

    [Fact]
    public async Task Everything_that_clients_read_without_asking_is_there()
    {
        var call = await _alice.AsBrowser().Post("/video/call/default/demo");

        foreach (var path in new[]
        {
            "call.egress", "call.ingress.rtmp.address", "call.blocked_user_ids", "call.settings.video.target_resolution.width",
            "call.settings.video.target_resolution.height", "call.settings.video.camera_default_on",
            "call.settings.video.camera_facing", "call.settings.audio.mic_default_on", "call.settings.audio.default_device",
            "call.settings.ring.auto_cancel_timeout_ms", "call.settings.session.inactivity_timeout_seconds",
            "call.settings.thumbnails.enabled", "call.settings.encryption.mode", "call.created_by.id", "call.created_by.role",
            "call.custom", "call.current_session_id", "call.backstage", "call.recording", "members", "own_capabilities", "duration",
        })
        {
            Assert.True(call.Has(path), path);
        }
    }

    [Fact]
    public async Task Times_are_nanoseconds_for_servers_and_text_for_browsers()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);

        var nanoseconds = await _alice.Post("/video/call/default/demo");
        var text = await _alice.AsBrowser().Get("/video/call/default/demo");

        var created = DateTimeOffset.UnixEpoch.AddTicks(nanoseconds["call.created_at"].GetInt64() / 100);
        Assert.InRange(created, before, DateTimeOffset.UtcNow);
        Assert.Equal(created, text["call.created_at"].GetDateTimeOffset());
        Assert.Equal(created, DateTimeOffset.UnixEpoch.AddTicks(nanoseconds["call.created_by.created_at"].GetInt64() / 100), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_unknown_call_does_not_exist() =>
        (await _alice.Get("/video/call/default/nowhere")).Refused(404, 16, "default:nowhere");

    [Fact]
    public async Task An_unknown_call_type_does_not_exist() =>
        (await _alice.Post("/video/call/tea_party/demo")).Refused(404, 16, "tea_party");

    [Fact]
    public async Task A_server_names_the_creator()
    {
        (await _stream.AsServer().Post("/video/call/default/demo")).Refused(400, 4, "created_by");

        var call = await _stream.AsServer().Post("/video/call/default/demo", """{"data":{"created_by_id":"bob"}}""");

        Assert.Equal("bob", call.Ok().Text("call.created_by.id"));
        Assert.Equal("Bob", call.Text("call.created_by.name"));
    }

    [Fact]
    public async Task Members_come_with_the_call_and_must_exist()
    {
        (await _alice.Post("/video/call/default/x", """{"data":{"members":[{"user_id":"zoe"}]}}""")).Refused(400, 4, "zoe");

        var call = await _alice.Post(
            "/video/call/default/demo", """{"data":{"members":[{"user_id":"bob","role":"host","custom":{"a":1}},{"user_id":"alice"}]}}""");

        Assert.Equal(2, call.Ok()["members"].GetArrayLength());
        Assert.Equal("alice", call.Text("membership.user_id"));
        var limited = await _alice.Get("/video/call/default/demo?members_limit=1");
        Assert.Equal(1, limited["members"].GetArrayLength());
        (await _alice.Get("/video/call/default/demo?members_limit=101")).Refused(400, 4, "members_limit");
    }

    [Fact]
    public async Task Settings_are_overridden_where_the_request_says_so()
    {
        var call = await _alice.Post("/video/call/default/demo", """
            {"data":{"settings_override":{"audio":{"mic_default_on":false,"default_device":"earpiece"},"video":{"target_resolution":{"width":640,"height":480}}}}}
            """);

        Assert.False(call.Ok()["call.settings.audio.mic_default_on"].GetBoolean());
        Assert.True(call["call.settings.audio.speaker_default_on"].GetBoolean());
        Assert.Equal(640, call["call.settings.video.target_resolution.width"].GetInt32());
        Assert.True(call["call.settings.video.enabled"].GetBoolean());
    }

    [Fact]
    public async Task Settings_out_of_range_are_refused_by_name() =>
        (await _alice.Post("/video/call/default/demo", """{"data":{"settings_override":{"session":{"inactivity_timeout_seconds":1}}}}"""))
            .Refused(400, 4, "settings.session.inactivity_timeout_seconds");

    [Fact]
    public async Task An_update_changes_custom_data_and_settings()
    {
        await _alice.Post("/video/call/default/demo");

        var updated = await _alice.Patch(
            "/video/call/default/demo",
            """{"custom":{"a":1},"settings_override":{"audio":{"default_device":"speaker","mic_default_on":false}}}""");

        Assert.Equal(200, updated.Status);
        Assert.Equal(1, updated["call.custom.a"].GetInt32());
        Assert.False(updated["call.settings.audio.mic_default_on"].GetBoolean());
        (await _stream.As("bob").Patch("/video/call/default/demo", """{"custom":{}}""")).Refused(403, 17);
    }

    [Fact]
    public async Task A_deleted_call_is_gone()
    {
        await _alice.Post("/video/call/default/demo");

        (await _stream.As("bob").Post("/video/call/default/demo/delete")).Refused(403, 17);
        var deleted = await _alice.Post("/video/call/default/demo/delete", """{"hard":true}""");

        Assert.Equal("default:demo", deleted.Ok().Text("call.cid"));
        (await _alice.Get("/video/call/default/demo")).Refused(404, 16);
        Assert.Contains("end default:demo Ended", _stream.Sfu.Commands);
    }

    [Fact]
    public async Task Calls_are_found_by_filter_sorted_and_paged_both_ways()
    {
        foreach (var id in new[] { "a", "b", "c", "d", "e" })
            await _alice.Post($"/video/call/default/{id}", $$$$"""{"data":{"custom":{"n":"{{{{id}}}}"},"members":[{"user_id":"bob"}]}}""");
        await _stream.As("bob").Post("/video/call/development/other");

        const string Query = """ "filter_conditions":{"members":{"$in":["bob"]}},"sort":[{"field":"custom.n","direction":-1}],"limit":2 """;
        var first = await _alice.Post("/video/calls", $"{{{Query}}}");
        var second = await _alice.Post("/video/calls", $$"""{{{Query}},"next":"{{first.Text("next")}}"}""");
        var third = await _alice.Post("/video/calls", $$"""{{{Query}},"next":"{{second.Text("next")}}"}""");
        var back = await _alice.Post("/video/calls", $$"""{{{Query}},"prev":"{{third.Text("prev")}}"}""");

        Assert.Equal(["e", "d"], Ids(first));
        Assert.Equal(["c", "b"], Ids(second));
        Assert.Equal(["a"], Ids(third));
        Assert.Equal(["c", "b"], Ids(back));
        Assert.False(first.Has("prev"));
        Assert.False(third.Has("next"));
        Assert.True(first.Has("calls.0") || first["calls.0.own_capabilities"].ValueKind == JsonValueKind.Array);
    }

    [Fact]
    public async Task A_page_starts_where_the_last_ended_although_its_row_is_gone()
    {
        foreach (var id in new[] { "a", "b", "c" })
            await _alice.Post($"/video/call/default/{id}");
        var first = await _alice.Post("/video/calls", """{"sort":[{"field":"id","direction":1}],"limit":2}""");
        await _alice.Post("/video/call/default/b/delete");

        var second = await _alice.Post("/video/calls", $$"""{"sort":[{"field":"id","direction":1}],"limit":2,"next":"{{first.Text("next")}}"}""");

        Assert.Equal(["c"], Ids(second));
    }

    [Theory]
    [InlineData("""{"filter_conditions":{"colour":"red"}}""", "colour")]
    [InlineData("""{"filter_conditions":{"cid":{"$in":"x"}}}""", "cid")]
    [InlineData("""{"next":"%%%"}""", "cursor")]
    [InlineData("""{"next":"WzEsMiwzXQ"}""", "cursor")]
    [InlineData("""{"limit":101}""", "limit")]
    public async Task A_query_names_what_it_does_not_take(string body, string part)
    {
        await _alice.Post("/video/call/default/a");

        (await _alice.Post("/video/calls", body)).Refused(400, 4, part);
    }

    [Fact]
    public async Task A_user_finds_the_calls_it_may_read_only()
    {
        await _alice.Post("/video/call/default/open");
        await _stream.AsServer().Post("/video/calltypes", """{"name":"secret","grants":{"user":[]}}""");
        await _stream.AsServer().Post("/video/call/secret/x", """{"data":{"created_by_id":"bob"}}""");

        Assert.Equal(["open"], Ids(await _alice.Post("/video/calls", """{"sort":[{"field":"id","direction":1}]}""")));
        Assert.Equal(["open", "x"], Ids(await _stream.AsServer().Post("/video/calls", """{"sort":[{"field":"id","direction":1}]}""")));
    }

    [Fact]
    public async Task Members_are_added_changed_removed_and_queried()
    {
        await _alice.Post("/video/call/default/demo", """{"data":{"members":[{"user_id":"bob"}]}}""");

        var updated = await _alice.Post("/video/call/default/demo/members", """
            {"update_members":[{"user_id":"bob","role":"moderator"},{"user_id":"carol","custom":{"vip":true}}]}
            """);
        var vips = await _alice.Post("/video/call/members", """{"type":"default","id":"demo","filter_conditions":{"custom.vip":true}}""");
        var bySort = await _alice.Post(
            "/video/call/members", """{"type":"default","id":"demo","sort":[{"field":"user_id","direction":-1}],"limit":1}""");
        (await _alice.Post("/video/call/default/demo/members", """{"remove_members":["bob"]}""")).Ok();
        var rest = await _alice.Post("/video/call/members", """{"type":"default","id":"demo"}""");

        Assert.Equal(2, updated.Ok()["members"].GetArrayLength());
        Assert.Equal("carol", vips.Text("members.0.user_id"));
        Assert.Equal("carol", bySort.Text("members.0.user_id"));
        Assert.True(bySort.Has("next"));
        Assert.Equal(1, rest["members"].GetArrayLength());
        (await _stream.As("carol").Post("/video/call/default/demo/members", """{"update_members":[{"user_id":"alice"}]}""")).Refused(403, 17);
        (await _stream.As("carol").Post("/video/call/default/demo/members", """{"remove_members":["carol"]}""")).Ok();
    }

    [Fact]
    public async Task Call_types_are_listed_created_changed_and_deleted()
    {
        var server = _stream.AsServer();

        var listed = await server.Get("/video/calltypes");
        var created = await server.Post("/video/calltypes", """{"name":"quiet","settings":{"audio":{"mic_default_on":false,"default_device":"speaker"}},"grants":{"user":["join-call","read-call"]}}""");
        var updated = await server.Put("/video/calltypes/quiet", """{"grants":{"guest":["read-call"]}}""");
        var read = await server.Get("/video/calltypes/quiet");

        foreach (var name in new[] { "default", "audio_room", "livestream", "development" })
            Assert.True(listed.Has($"call_types.{name}.grants.user"), name);
        Assert.Equal(["join-call", "read-call"], created.Ok().Texts("grants.user"));
        Assert.Equal(["read-call"], updated.Ok().Texts("grants.guest"));
        Assert.Equal(["join-call", "read-call"], read.Texts("grants.user"));
        Assert.False(read["settings.audio.mic_default_on"].GetBoolean());
        (await server.Post("/video/calltypes", """{"name":"quiet"}""")).Refused(400, 4, "quiet");
        (await server.Put("/video/calltypes/quiet", """{"grants":{"user":["fly"]}}""")).Refused(400, 4, "fly");
        (await server.Delete("/video/calltypes/default")).Refused(403, 17, "built in");
        (await server.Delete("/video/calltypes/quiet")).Ok();
        (await server.Get("/video/calltypes/quiet")).Refused(404, 16);
    }

    [Fact]
    public async Task What_is_not_served_says_so_by_name()
    {
        (await _stream.AsServer().Post("/chat/channels", "{}")).Refused(501, 19, "QueryChannels");
        (await _alice.Post("/video/call/default/demo/start_transcription")).Refused(501, 19, "StartTranscription");
        (await _alice.AsBrowser().Post("/video/call/default/demo/start_transcription")).Refused(501, 19, "StartTranscription");
        (await _alice.Get("/tea")).Refused(404, 16, "/api/v2/tea");
    }

    [Fact]
    public async Task Fast_join_is_a_plain_404()
    {
        var answer = await _alice.Post("/video/call/default/demo/fast_join");

        Assert.Equal(404, answer.Status);
        Assert.Equal(JsonValueKind.String, answer.Json.ValueKind);
    }

    [Fact]
    public async Task Telemetry_of_clients_is_taken_without_a_token() =>
        Assert.Equal(201, (await _stream.With(null).Post("/video/call_client_event", """{"events":[{"id":"1","type":"x"}]}""")).Status);

    private static string[] Ids(ApiAnswer answer) =>
        [.. answer.Ok()["calls"].EnumerateArray().Select(call => call.GetProperty("call").GetProperty("id").GetString()!)];
}
