using System.Net;
using System.Text.Json;
using StreamGateway.Tests.Recordings;

namespace StreamGateway.Tests.Auth;

/// <summary>What a key makes is its own: to other keys it is not there, to an administrator all is.</summary>
public sealed class OwnershipTests : IDisposable
{
    private static readonly string[] Everything = ["sessions:read", "sessions:write", "events:read"];

    private readonly RecordingFolder _folder = new();
    private readonly string _mocks = Directory.CreateTempSubdirectory("mocks").FullName;
    private readonly GatewayApplication _gateway;

    public OwnershipTests() => _gateway = Gateway();

    public void Dispose()
    {
        _gateway.Dispose();
        _folder.Dispose();
        Directory.Delete(_mocks);
    }

    [Fact]
    public async Task A_session_of_another_key_is_not_there()
    {
        var mine = await _gateway.JoinAsAsync("mine", "own", "alice");

        foreach (var (method, path, body) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Get, "", null), (HttpMethod.Patch, "", """{"metadata":{} }"""), (HttpMethod.Get, "/participants", null),
            (HttpMethod.Get, "/stats", null), (HttpMethod.Post, "/custom_events", """{"custom":{} }"""),
            (HttpMethod.Post, "/reactions", """{"type":"wave"}"""), (HttpMethod.Get, "/events", null), (HttpMethod.Get, "/tracks", null),
            (HttpMethod.Get, "/tracks/bob:audio/media", null), (HttpMethod.Get, "/audio", null), (HttpMethod.Get, "/audio/socket", null),
            (HttpMethod.Get, "/publications", null), (HttpMethod.Put, "/publications/voice", "{}"), (HttpMethod.Delete, "/publications/voice", null),
            (HttpMethod.Post, "/recordings", "{}"), (HttpMethod.Get, "/recordings", null), (HttpMethod.Delete, "", null),
        })
        {
            using var refused = await _gateway.SendAsAsync("theirs", method, $"/v1/sessions/{mine}{path}", body);
            await refused.HasCodeAsync(HttpStatusCode.NotFound, "session_not_found");
        }

        Assert.Equal([mine], await SessionsOfAsync("mine"));
        Assert.Empty(await SessionsOfAsync("theirs"));
        Assert.Equal([mine], await SessionsOfAsync("admin"));
        using var left = await _gateway.SendAsAsync("admin", HttpMethod.Delete, $"/v1/sessions/{mine}");
        Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
        Assert.Equal([mine], await SessionsOfAsync("mine"));
        Assert.Empty(await SessionsOfAsync("theirs"));
    }

    [Fact]
    public async Task A_mock_belongs_to_its_key_like_any_session()
    {
        using var joined = await _gateway.SendAsAsync(
            "mine", HttpMethod.Post, "/v1/sessions", """{"call_cid":"default:mock","user_id":"alice","mock":{"participants":[{"user_id":"bob"}]} }""");
        var mock = (await GatewayApplication.JsonOf(joined)).GetProperty("id").GetString()!;

        using var refused = await _gateway.SendAsAsync("theirs", HttpMethod.Get, $"/v1/sessions/{mock}");

        await refused.HasCodeAsync(HttpStatusCode.NotFound, "session_not_found");
        Assert.Equal([mock], await SessionsOfAsync("mine"));
    }

    [Theory]
    [InlineData("/v1/events")]
    [InlineData("/v1/calls/default/shared/events")]
    public async Task Shared_streams_tell_each_key_of_its_own_sessions(string path)
    {
        var before = await _gateway.JoinAsAsync("theirs", "shared", "early");
        await using var mine = await ReadAsync("mine", path);
        await using var admin = await ReadAsync("admin", path);
        Assert.Empty((await mine.ReadUntilAsync("snapshot")).Json.GetProperty("snapshot").GetProperty("sessions").EnumerateArray());
        Assert.Single((await admin.ReadUntilAsync("snapshot")).Json.GetProperty("snapshot").GetProperty("sessions").EnumerateArray());

        var theirs = await _gateway.JoinAsAsync("theirs", "shared", "bob");
        var own = await _gateway.JoinAsAsync("mine", "shared", "alice");

        Assert.Equal(own, (await mine.ReadUntilAsync("joined")).Json.GetProperty("session_id").GetString());
        Assert.Equal(theirs, (await admin.ReadUntilAsync("joined")).Json.GetProperty("session_id").GetString());
        Assert.NotEqual(before, own);
    }

    [Fact]
    public async Task Recordings_belong_to_the_key_of_their_session_after_a_restart_too()
    {
        var (session, recording) = await RecordAsync("mine");
        await AssertOwnedAsync(_gateway, session, recording);

        await _gateway.DisposeAsync();
        await using var again = Gateway();
        await AssertOwnedAsync(again, session, recording);

        using var kept = await again.SendAsAsync("theirs", HttpMethod.Delete, $"/v1/sessions/{session}/recordings/{recording}?files=true");
        await kept.HasCodeAsync(HttpStatusCode.NotFound, "recording_not_found");
        using var deleted = await again.SendAsAsync("mine", HttpMethod.Delete, $"/v1/sessions/{session}/recordings/{recording}?files=true");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Fact]
    public async Task Recordings_that_nobody_owns_are_the_administrators()
    {
        await using var open = new GatewayApplication().With("Recordings:Directory", _folder.Path);
        var session = await open.JoinAsync("open", "alice");
        using var started = await open.PostAsync($"/v1/sessions/{session}/recordings", "{}");
        var recording = (await GatewayApplication.JsonOf(started)).GetProperty("id").GetString()!;
        await open.LeaveAsync(session);

        Assert.Equal([recording], await RecordingsOfAsync(_gateway, "admin", "/v1/recordings"));
        Assert.Empty(await RecordingsOfAsync(_gateway, "mine", "/v1/recordings"));
        using var refused = await _gateway.SendAsAsync("mine", HttpMethod.Get, $"/v1/sessions/{session}/recordings/{recording}");
        await refused.HasCodeAsync(HttpStatusCode.NotFound, "recording_not_found");
    }

    [Fact]
    public async Task An_idempotency_key_is_its_callers_own()
    {
        var (mine, theirs) = (await JoinOnceAsync("mine"), await JoinOnceAsync("theirs"));

        Assert.NotEqual(mine, theirs);
        Assert.Equal(mine, await JoinOnceAsync("mine"));
    }

    private GatewayApplication Gateway() => new GatewayApplication()
        .With("Recordings:Directory", _folder.Path).With("Sessions:MockDirectory", _mocks)
        .WithKey("mine", Everything).WithKey("theirs", Everything).WithKey("admin", "admin");

    private static async Task AssertOwnedAsync(GatewayApplication gateway, string session, string recording)
    {
        foreach (var list in new[] { "/v1/recordings", "/v1/recordings?limit=1", $"/v1/sessions/{session}/recordings" })
        {
            Assert.Equal([recording], await RecordingsOfAsync(gateway, "mine", list));
            Assert.Equal([recording], await RecordingsOfAsync(gateway, "admin", list));
        }

        Assert.Empty(await RecordingsOfAsync(gateway, "theirs", "/v1/recordings"));
        using var page = await gateway.SendAsAsync("theirs", HttpMethod.Get, $"/v1/sessions/{session}/recordings");
        await page.HasCodeAsync(HttpStatusCode.NotFound, "session_not_found");
        foreach (var path in new[] { "", "/files/manifest.json", "/files/mix.ogg" })
        {
            using var refused = await gateway.SendAsAsync("theirs", HttpMethod.Get, $"/v1/sessions/{session}/recordings/{recording}{path}");
            await refused.HasCodeAsync(HttpStatusCode.NotFound, "recording_not_found");
        }

        using var manifest = await gateway.SendAsAsync("mine", HttpMethod.Get, $"/v1/sessions/{session}/recordings/{recording}/files/manifest.json");
        Assert.Equal(HttpStatusCode.OK, manifest.StatusCode);
    }

    private async Task<(string Session, string Recording)> RecordAsync(string key)
    {
        var session = await _gateway.JoinAsAsync(key, "recorded", "recorder");
        using var started = await _gateway.SendAsAsync(key, HttpMethod.Post, $"/v1/sessions/{session}/recordings", """{"mix":true}""");
        Assert.True(started.StatusCode == HttpStatusCode.Created, await started.Content.ReadAsStringAsync());
        var recording = (await GatewayApplication.JsonOf(started)).GetProperty("id").GetString()!;
        using var stopped = await _gateway.SendAsAsync(key, HttpMethod.Delete, $"/v1/sessions/{session}/recordings/{recording}");
        Assert.Equal(HttpStatusCode.NoContent, stopped.StatusCode);
        return (session, recording);
    }

    private static async Task<IReadOnlyList<string>> RecordingsOfAsync(GatewayApplication gateway, string key, string path)
    {
        using var answer = await gateway.SendAsAsync(key, HttpMethod.Get, path);
        return IdsOf(await GatewayApplication.JsonOf(answer), "recordings");
    }

    private async Task<IReadOnlyList<string>> SessionsOfAsync(string key)
    {
        using var answer = await _gateway.SendAsAsync(key, HttpMethod.Get, "/v1/sessions");
        return IdsOf(await GatewayApplication.JsonOf(answer), "sessions");
    }

    private static IReadOnlyList<string> IdsOf(JsonElement page, string list) =>
        [.. page.GetProperty(list).EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];

    private async Task<SseReader> ReadAsync(string key, string path)
    {
        using var made = await _gateway.SendAsAsync(key, HttpMethod.Post, "/v1/tickets", JsonSerializer.Serialize(new { paths = new[] { path } }));
        var ticket = (await GatewayApplication.JsonOf(made)).GetProperty("ticket").GetString();
        return await SseReader.OpenAsync(_gateway.Http, $"{path}?ticket={ticket}");
    }

    private async Task<string?> JoinOnceAsync(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions")
        {
            Headers = { { "X-Api-Key", GatewayApplication.KeyOf(key) }, { "Idempotency-Key", "once" } },
            Content = new StringContent("""{"call_cid":"default:once","user_id":"alice"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        using var answer = await _gateway.Http.SendAsync(request).WithTimeout();
        return (await GatewayApplication.JsonOf(answer)).GetProperty("id").GetString();
    }
}
