using System.Runtime.Versioning;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class StateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("local-stream").FullName;

    private LocalStreamOptions Options => new() { DataFile = Path.Combine(_folder, "state.json"), ApiSecret = "a secret for tests" };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task State_outlives_a_restart()
    {
        await using (var first = await LocalStream.StartAsync(Options))
        {
            await first.AsServer().Post("/users", """{"users":{"bob":{"id":"bob","name":"Bob","role":"admin","custom":{"a":{"b":[1,"x"]}}}}}""");
            await first.AsServer().Post("/video/calltypes", """{"name":"quiet","grants":{"user":["read-call"]}}""");
            await first.As("alice").Post("/devices", """{"id":"phone","push_provider":"apn"}""");
            await first.As("alice").Post("/video/call/default/demo", """
                {"data":{"custom":{"topic":"tea"},"members":[{"user_id":"bob","role":"host"}],"settings_override":{"audio":{"mic_default_on":false,"default_device":"speaker"}}}}
                """);
            (await first.As("alice").Post("/video/call/default/demo/block", """{"user_id":"bob"}""")).Ok();
            first.Sfu.Join("default:demo", "alice", "s1");
            (await first.As("alice").Post("/video/call/default/demo/join", """{"location":"auto"}""")).Ok();
        }

        await using var second = await LocalStream.StartAsync(Options);
        var call = await second.As("alice").Get("/video/call/default/demo");
        var users = await second.AsServer().Get("""/users?payload={"filter_conditions":{"id":"bob"}}""");
        var devices = await second.As("alice").Get("/devices");
        var type = await second.AsServer().Get("/video/calltypes/quiet");

        Assert.Equal("tea", call.Ok().Text("call.custom.topic"));
        Assert.Equal("host", call.Text("members.0.role"));
        Assert.Equal(["bob"], call.Texts("call.blocked_user_ids"));
        Assert.False(call["call.settings.audio.mic_default_on"].GetBoolean());
        Assert.Equal("", call.Text("call.current_session_id"));
        Assert.Equal(0, call["call.session.participants"].GetArrayLength());
        Assert.Equal("admin", users.Text("users.0.role"));
        Assert.Equal("x", users["users.0.custom.a.b.1"].GetString());
        Assert.Equal("phone", devices.Text("devices.0.id"));
        Assert.Equal(["read-call"], type.Ok().Texts("grants.user"));
    }

    [Fact]
    public async Task Groups_settings_and_history_outlive_a_restart()
    {
        string session, task;
        await using (var first = await LocalStream.StartAsync(Options))
        {
            var server = first.AsServer();
            await server.Post("/users", """{"users":{"bob":{"id":"bob"}}}""");
            await server.Post("/usergroups", """{"id":"tea","name":"Tea","member_ids":["bob"]}""");
            await server.Post("/roles", """{"name":"barista"}""");
            await server.Patch("/app", """{"guest_user_creation_disabled":true,"event_hooks":[{"webhook_url":"http://example.com/","enabled":false}]}""");
            await first.As("bob").Post("/push_preferences", """{"preferences":[{"call_level":"none"}]}""");
            await using var socket = await EventSocket.ConnectAsync(first, "bob");
            await first.As("bob").Watching(socket).Post("/video/call/default/demo");
            first.Sfu.Join("default:demo", "bob", "s1");
            session = (await socket.Next("call.session_participant_joined")).GetProperty("session_id").GetString()!;
            await first.As("bob").Post("/video/call/default/demo/feedback", """{"rating":4,"sdk":"tests","sdk_version":"1"}""");
            task = (await server.Post("/export/users", """{"user_ids":["bob"]}""")).Text("task_id")!;
        }

        await using var second = await LocalStream.StartAsync(Options);
        var again = second.AsServer();
        var app = await again.Get("/app");
        var past = await again.Get($"/video/call/default/demo/session/{session}/participant_sessions");

        Assert.Equal("bob", (await again.Get("/usergroups/tea")).Ok().Text("user_group.members.0.user_id"));
        Assert.Equal("barista", (await again.Get("/roles/search?query=bar")).Ok().Text("roles.0.name"));
        Assert.True(app.Ok()["app.guest_user_creation_disabled"].GetBoolean());
        Assert.Equal("http://example.com/", app.Text("app.event_hooks.0.webhook_url"));
        Assert.Equal("s1", past.Ok().Text("participants_sessions.0.user_session_id"));
        Assert.True(past.Has("session.ended_at"));
        Assert.Equal(4, (await again.Post("/video/call/feedback", "{}")).Ok()["user_feedback.0.rating"].GetInt32());
        Assert.Equal("completed", (await again.Get($"/tasks/{task}")).Ok().Text("status"));
        var socketAgain = await EventSocket.OpenAsync(second);
        await socketAgain.AuthenticateAsync(second.As("bob").Token!, "bob");
        var me = (await socketAgain.Next("connection.ok")).GetProperty("me");
        Assert.Equal("none", me.GetProperty("push_preferences").GetProperty("call_level").GetString());
        await socketAgain.DisposeAsync();
    }

    [Fact]
    public async Task A_file_from_before_groups_and_settings_is_read()
    {
        await File.WriteAllTextAsync(Options.DataFile!, """
            {"format":1,"calls":[],"call_types":[],"devices":[],"users":[
              {"id":"bob","name":"Bob","role":"user","language":"","custom":{},"teams":[],"invisible":false,"banned":false,"blocks":{},"created_at":"2026-01-01T00:00:00+00:00","updated_at":"2026-01-01T00:00:00+00:00"}]}
            """);

        await using var stream = await LocalStream.StartAsync(Options);

        Assert.Equal("Bob", (await stream.AsServer().Get("/users/bob/export")).Ok().Text("user.name"));
        Assert.Empty((await stream.AsServer().Get("/usergroups")).Ok()["user_groups"].EnumerateArray());
    }

    [Fact]
    public async Task Changes_are_written_while_the_server_runs()
    {
        var clock = new ManualClock();
        await using var stream = await LocalStream.StartAsync(Options, clock);
        await stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob"}}}""");
        var before = await File.ReadAllTextAsync(Options.DataFile!);

        // The write happens on another thread some time after its second has come.
        while (await File.ReadAllTextAsync(Options.DataFile!) == before)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Contains("\"bob\"", await File.ReadAllTextAsync(Options.DataFile!));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("""{"format":99,"users":[],"calls":[],"call_types":[],"devices":[]}""")]
    [InlineData("""{"format":1}""")]
    [InlineData("""{"format":1,"users":[],"calls":[],"call_types":[],"devices":[null]}""")]
    [InlineData("""{"format":1,"users":[{"name":"nobody"}],"calls":[],"call_types":[],"devices":[]}""")]
    [InlineData("""{"format":1,"users":[],"calls":[],"call_types":[],"devi""")]
    public async Task A_file_that_is_none_of_ours_is_named_and_left_alone(string content)
    {
        await File.WriteAllTextAsync(Options.DataFile!, content);

        var refused = await Assert.ThrowsAsync<IOException>(() => LocalStream.StartAsync(Options));

        Assert.Contains("state.json", refused.Message);
        Assert.Equal(content, await File.ReadAllTextAsync(Options.DataFile!));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task The_file_is_readable_by_its_owner_alone()
    {
        await using var stream = await LocalStream.StartAsync(Options);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Options.DataFile!));
    }
}
