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
    [InlineData("""{"format":99,"users":[],"calls":[],"call_types":[],"devices":[]}""")]
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
