using System.Net;

namespace StreamGateway.Tests.Recordings;

public sealed class RecordingProblemTests
{
    [Fact]
    public async Task Without_a_directory_nothing_is_recorded_and_the_answer_says_what_is_missing()
    {
        using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("off", "alice");

        using var started = await gateway.PostAsync($"/v1/sessions/{session}/recordings", "{}");
        using var listed = await gateway.Http.GetAsync("/v1/recordings").WithTimeout();

        await started.HasCodeAsync(HttpStatusCode.NotImplemented, "recording_off");
        await listed.HasCodeAsync(HttpStatusCode.NotImplemented, "recording_off");
        await gateway.LeaveAsync(session);
    }

    [Fact]
    public async Task A_directory_that_can_be_written_no_more_is_told_as_such()
    {
        using var folder = new RecordingFolder();
        var link = Path.Combine(folder.Path, "link");
        var gone = Directory.CreateDirectory(Path.Combine(folder.Path, "gone"));
        File.CreateSymbolicLink(link, gone.FullName);
        using var gateway = new GatewayApplication().With("Recordings:Directory", link);
        _ = gateway.Http;
        File.Delete(link);
        File.CreateSymbolicLink(link, "/sys/kernel"); // where not even root makes a directory
        var session = await gateway.JoinAsync("denied", "alice");

        using var started = await gateway.PostAsync($"/v1/sessions/{session}/recordings", "{}");

        await started.HasCodeAsync(HttpStatusCode.InternalServerError, "storage_denied");
        await gateway.LeaveAsync(session);
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Theory]
    [InlineData("""{"colour":"red"}""", "colour")]
    [InlineData("""{"users":"none"}""", "users")]
    [InlineData("""{"track_types":["smell"]}""", "track_types")]
    [InlineData("""{"track_types":[]}""", "track_types")]
    [InlineData("""{"bitrate_bps":1}""", "bitrate_bps")]
    [InlineData("""{"max_bytes":1}""", "max_bytes")]
    [InlineData("""{"max_duration_ms":10}""", "max_duration_ms")]
    [InlineData("""{"mix":"yes"}""", "mix")]
    public async Task What_is_wrong_with_a_request_is_named(string body, string field)
    {
        using var folder = new RecordingFolder();
        using var gateway = new GatewayApplication().With("Recordings:Directory", folder.Path);
        var session = await gateway.JoinAsync("invalid", "alice");

        using var started = await gateway.PostAsync($"/v1/sessions/{session}/recordings", body);

        var problem = await started.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        await gateway.LeaveAsync(session);
    }

    [Fact]
    public async Task Limits_hold_and_what_is_not_there_is_not_found()
    {
        using var folder = new RecordingFolder();
        using var gateway = new GatewayApplication()
            .With("Recordings:Directory", folder.Path).With("Recordings:MaxPerSession", "1").With("Recordings:MaxDuration", "00:00:01");
        var session = await gateway.JoinAsync("limits", "alice");
        await using var events = await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{session}/events");
        var path = $"/v1/sessions/{session}/recordings";

        using var first = await gateway.PostAsync(path, """{"mix":true,"max_duration_ms":60000}""");
        using var second = await gateway.PostAsync(path, """{"mix":true}""");
        await second.HasCodeAsync(HttpStatusCode.ServiceUnavailable, "capacity_exceeded");
        var stopped = (await events.ReadUntilAsync("recording_stopped")).Json.GetProperty("recording_stopped");
        Assert.Equal("max_duration", stopped.GetProperty("reason").GetString());
        var id = (await GatewayApplication.JsonOf(first)).GetProperty("id").GetString();

        foreach (var (url, status, code) in new[]
        {
            ($"{path}/nothing", HttpStatusCode.NotFound, "recording_not_found"),
            ($"{path}/20261128T221128.063Z-0123456789abcdef", HttpStatusCode.NotFound, "recording_not_found"),
            ($"{path}/{id}/files/nothing.ogg", HttpStatusCode.NotFound, "recording_file_not_found"),
            ($"{path}/{id}/files/..%2Fjournal.jsonl", HttpStatusCode.NotFound, "recording_file_not_found"),
            ("/v1/sessions/..%2F..%2Fetc/recordings", HttpStatusCode.NotFound, "session_not_found"),
            ("/v1/sessions/0123456789abcdef0123456789abcdef/recordings", HttpStatusCode.NotFound, "session_not_found"),
            ("/v1/recordings?limit=1000", HttpStatusCode.BadRequest, "invalid_request"),
            ("/v1/recordings?next=x", HttpStatusCode.BadRequest, "invalid_request"),
        })
        {
            using var response = await gateway.Http.GetAsync(url).WithTimeout();
            await response.HasCodeAsync(status, code);
        }

        await gateway.LeaveAsync(session);
        using var late = await gateway.PostAsync(path, "{}");
        await late.HasCodeAsync(HttpStatusCode.Conflict, "session_ended");
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Readers_may_look_and_take_files_with_a_ticket_but_neither_begin_nor_end()
    {
        using var folder = new RecordingFolder();
        using var gateway = new GatewayApplication()
            .With("Recordings:Directory", folder.Path)
            // Keys of one name own the same.
            .With("Auth:Keys:0:Name", "team").With("Auth:Keys:0:Key", "a-key-that-may-only-read").With("Auth:Keys:0:Scopes:0", "sessions:read").With("Auth:Keys:0:Scopes:1", "events:read")
            .With("Auth:Keys:1:Name", "team").With("Auth:Keys:1:Key", "a-key-that-may-do-all-there-is").With("Auth:Keys:1:Scopes:0", "sessions:write");
        gateway.Http.DefaultRequestHeaders.Add("X-Api-Key", "a-key-that-may-do-all-there-is");
        using var reader = new HttpClient { BaseAddress = gateway.Http.BaseAddress, DefaultRequestHeaders = { { "X-Api-Key", "a-key-that-may-only-read" } } };
        using var nobody = new HttpClient { BaseAddress = gateway.Http.BaseAddress };
        var session = await gateway.JoinAsync("auth", "alice");
        var path = $"/v1/sessions/{session}/recordings";
        using var started = await gateway.PostAsync(path, """{"mix":true}""");
        var one = $"{path}/{(await GatewayApplication.JsonOf(started)).GetProperty("id").GetString()}";

        using var begins = await reader.PostAsync(path, new StringContent("{}", System.Text.Encoding.UTF8, "application/json")).WithTimeout();
        using var ends = await reader.DeleteAsync(one).WithTimeout();
        using var looks = await reader.GetAsync(one).WithTimeout();
        using var wanted = new StringContent($$"""{"paths":["{{one}}/files/journal.jsonl"]}""", System.Text.Encoding.UTF8, "application/json");
        using var made = await reader.PostAsync("/v1/tickets", wanted).WithTimeout();
        var ticket = (await GatewayApplication.JsonOf(made)).GetProperty("ticket").GetString();
        using var early = await reader.GetAsync($"{one}/files/journal.jsonl").WithTimeout();
        using var stopped = await gateway.Http.DeleteAsync(one).WithTimeout();
        using var takes = await nobody.GetAsync($"{one}/files/journal.jsonl?ticket={ticket}").WithTimeout();
        using var stranger = await nobody.GetAsync($"{one}/files/journal.jsonl").WithTimeout();

        await begins.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
        await ends.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
        Assert.Equal(HttpStatusCode.OK, looks.StatusCode);
        await early.HasCodeAsync(HttpStatusCode.NotFound, "recording_file_not_found");
        Assert.Equal(HttpStatusCode.OK, takes.StatusCode);
        await stranger.HasCodeAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await gateway.LeaveAsync(session);
    }

    [Fact]
    public async Task Recordings_are_deleted_once_they_were_kept_long_enough()
    {
        using var folder = new RecordingFolder();
        using var gateway = new GatewayApplication().With("Recordings:Directory", folder.Path).With("Recordings:KeepFor", "00:00:01");
        var session = await gateway.JoinAsync("old", "alice");
        using var started = await gateway.PostAsync($"/v1/sessions/{session}/recordings", """{"mix":true}""");
        Assert.Equal(HttpStatusCode.Created, started.StatusCode);
        await gateway.LeaveAsync(session);

        await Eventually.GetAsync(
            () => gateway.GetAsync("/v1/recordings"), page => page.GetProperty("recordings").GetArrayLength() == 0);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }
}
