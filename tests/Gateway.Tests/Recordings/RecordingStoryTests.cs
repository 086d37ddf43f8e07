using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace StreamGateway.Tests.Recordings;

/// <summary>A call is recorded over HTTP alone, and what ffmpeg and opusinfo find in the files is what was sent.</summary>
public sealed class RecordingStoryTests : IDisposable
{
    private readonly RecordingFolder _folder = new();
    private readonly GatewayApplication _gateway;

    public RecordingStoryTests() => _gateway = new GatewayApplication().With("Recordings:Directory", _folder.Path);

    public void Dispose()
    {
        _gateway.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Two_speakers_a_film_and_their_mix_are_recorded_and_can_be_had_as_files()
    {
        const int frames = 90;
        var speech = await Speech.OggAsync();
        var film = await Film.PicturesAsync(frames);
        var recorder = await _gateway.JoinAsync("recorded", "recorder");
        var alice = await _gateway.JoinAsync("recorded", "alice");
        var bob = await _gateway.JoinAsync("recorded", "bob");
        var carol = await _gateway.JoinAsync("recorded", "carol");
        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{recorder}/events?types=recording_*");

        var begun = await StartAsync(recorder, """{"mix":true,"metadata":{"purpose":"test"}}""");
        (await _gateway.PublishAsync(carol, "camera", new ByteArrayContent(await Film.MakeAsync("vp8", frames)), "video/x-ivf")).Dispose();
        (await _gateway.PublishAsync(alice, "voice", new ByteArrayContent(speech))).Dispose();
        (await _gateway.PublishAsync(bob, "voice", new ByteArrayContent(speech))).Dispose();
        await _gateway.LeaveAsync(bob);
        var bobAgain = await _gateway.JoinAsync("recorded", "bob");
        (await _gateway.PublishAsync(bobAgain, "voice", new ByteArrayContent(speech))).Dispose();
        await StopAsync(recorder, begun);
        var recording = await _gateway.GetAsync(PathOf(recorder, begun));

        AssertWhole(recording);
        var files = recording.GetProperty("files").EnumerateArray().ToList();
        Assert.Equal(2, FilesOf(files, "bob").Count);
        var said = await Sound.DecodeAsync(speech);
        foreach (var file in FilesOf(files, "alice").Concat(FilesOf(files, "bob")))
        {
            var bytes = await GetFileAsync(file, "audio/ogg");
            Assert.InRange(said.FoundIn(await Sound.DecodeAsync(bytes)), Sound.Alike, 1.01);
            await AssertOggAsync(bytes);
        }

        var camera = Assert.Single(FilesOf(files, "carol"));
        var pictures = await Film.DecodeAsync("ivf", await GetFileAsync(camera, "video/x-ivf"));
        Assert.InRange(pictures.Count, frames / 2, frames);
        Assert.InRange(Film.LeastLikenessToAny(pictures, film), 30, 100);
        var mixed = await Sound.DecodeAsync(await GetFileAsync(files.Single(file => TextOf(file, "kind") == "mix"), "audio/ogg"));
        Assert.InRange(said.FoundIn(mixed), Sound.Alike, 1.01);
        Assert.InRange(mixed.Duration.TotalMilliseconds, recording.GetProperty("duration_ms").GetDouble() - 500, recording.GetProperty("duration_ms").GetDouble() + 500);
        AssertSpeakers(recording, FilesOf(files, "alice").Single());
        await AssertEventsAsync(events, files.Count);

        foreach (var session in new[] { alice, bobAgain, carol, recorder })
        {
            await _gateway.LeaveAsync(session);
        }

        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Files_come_in_ranges_and_with_what_caches_need()
    {
        var (recorder, recording) = await RecordSpeechAsync("ranges");
        var file = recording.GetProperty("files")[0];
        var url = TextOf(file, "url");
        var whole = await GetFileAsync(file, "audio/ogg");

        using var first = await SendAsync(url, request => request.Headers.Range = new RangeHeaderValue(0, 3));
        using var last = await SendAsync(url, request => request.Headers.Range = new RangeHeaderValue(null, 100));
        using var beyond = await SendAsync(url, request => request.Headers.Range = new RangeHeaderValue(whole.Length, null));
        using var known = await SendAsync(url, request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));

        Assert.Equal(HttpStatusCode.PartialContent, first.StatusCode);
        Assert.Equal("OggS"u8.ToArray(), await first.Content.ReadAsByteArrayAsync());
        Assert.Equal(whole.Length, first.Content.Headers.ContentRange!.Length);
        Assert.Equal(whole[^100..], await last.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        var manifest = await _gateway.GetAsync(url.Replace(TextOf(file, "name"), "manifest.json", StringComparison.Ordinal));
        Assert.Equal(TextOf(recording, "id"), TextOf(manifest, "id"));
        Assert.Equal("stopped", TextOf(manifest, "state"));
        var journal = await _gateway.Http.GetAsync(url.Replace(TextOf(file, "name"), "journal.jsonl", StringComparison.Ordinal)).WithTimeout();
        Assert.Equal("application/x-ndjson", journal.Content.Headers.ContentType!.ToString());
        await _gateway.LeaveAsync(recorder);
    }

    [Fact]
    public async Task Stopping_twice_is_stopping_once_and_files_go_only_when_that_is_asked_for()
    {
        var (recorder, recording) = await RecordSpeechAsync("delete");
        var path = PathOf(recorder, TextOf(recording, "id"));
        var onDisk = Path.Combine(_folder.Path, recorder, TextOf(recording, "id"));

        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Http.DeleteAsync(path).WithTimeout()).StatusCode);
        Assert.True(Directory.Exists(onDisk));
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Http.DeleteAsync($"{path}?files=true").WithTimeout()).StatusCode);
        Assert.False(Directory.Exists(onDisk));
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Http.DeleteAsync($"{path}?files=true").WithTimeout()).StatusCode);
        using var gone = await _gateway.Http.GetAsync(path).WithTimeout();
        await gone.HasCodeAsync(HttpStatusCode.NotFound, "recording_not_found");

        // One that runs is stopped first.
        var running = await StartAsync(recorder, """{"mix":true}""");
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Http.DeleteAsync($"{PathOf(recorder, running)}?files=true").WithTimeout()).StatusCode);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, recorder, running)));
        await _gateway.LeaveAsync(recorder);
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Lists_are_paged_and_know_recordings_of_sessions_that_are_over()
    {
        var recorder = await _gateway.JoinAsync("pages", "recorder");
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, await StartAsync(recorder, """{"mix":true,"track_types":[]}"""));
        }

        await _gateway.LeaveAsync(recorder);
        foreach (var list in new[] { $"/v1/sessions/{recorder}/recordings", "/v1/recordings" })
        {
            var first = await _gateway.GetAsync($"{list}?limit=2");
            var second = await _gateway.GetAsync($"{list}?limit=2&next={TextOf(first, "next")}");
            var back = await _gateway.GetAsync($"{list}?limit=2&prev={TextOf(second, "prev")}");

            Assert.Equal(ids[..2], IdsOf(first));
            Assert.False(first.TryGetProperty("prev", out var before) && before.ValueKind != JsonValueKind.Null);
            Assert.Equal(ids[2..], IdsOf(second));
            Assert.False(second.TryGetProperty("next", out var after) && after.ValueKind != JsonValueKind.Null);
            Assert.Equal(ids[..2], IdsOf(back));
            Assert.All(first.GetProperty("recordings").EnumerateArray(), one => Assert.Equal("session_ended", TextOf(one, "reason")));
        }
    }

    private async Task<(string Recorder, JsonElement Recording)> RecordSpeechAsync(string call)
    {
        var recorder = await _gateway.JoinAsync(call, "recorder");
        var alice = await _gateway.JoinAsync(call, "alice");
        var begun = await StartAsync(recorder, """{"track_types":["audio"],"users":["alice"]}""");
        (await _gateway.PublishAsync(alice, "voice", new ByteArrayContent(await Speech.OggAsync()))).Dispose();
        await _gateway.LeaveAsync(alice);
        await StopAsync(recorder, begun);
        return (recorder, await _gateway.GetAsync(PathOf(recorder, begun)));
    }

    private async Task<string> StartAsync(string session, string body)
    {
        using var response = await _gateway.PostAsync($"/v1/sessions/{session}/recordings", body);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        var recording = await GatewayApplication.JsonOf(response);
        Assert.Equal("recording", TextOf(recording, "state"));
        Assert.Equal(PathOf(session, TextOf(recording, "id")), response.Headers.Location!.ToString());
        return TextOf(recording, "id");
    }

    private async Task StopAsync(string session, string recording) =>
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Http.DeleteAsync(PathOf(session, recording)).WithTimeout()).StatusCode);

    private async Task<byte[]> GetFileAsync(JsonElement file, string contentType)
    {
        using var response = await _gateway.Http.GetAsync(TextOf(file, "url")).WithTimeout();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.ToString());
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(file.GetProperty("bytes").GetInt64(), bytes.Length);
        return bytes;
    }

    private Task<HttpResponseMessage> SendAsync(string path, Action<HttpRequestMessage> change)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        change(request);
        return _gateway.Http.SendAsync(request).WithTimeout();
    }

    private static void AssertWhole(JsonElement recording)
    {
        Assert.Equal(("stopped", "stopped", "default:recorded", "recorder"), (
            TextOf(recording, "state"), TextOf(recording, "reason"), TextOf(recording, "call_cid"), TextOf(recording, "user_id")));
        Assert.Equal("test", TextOf(recording.GetProperty("metadata"), "purpose"));
        Assert.Equal(0, recording.GetProperty("dropped_bytes").GetInt64());
        Assert.Equal(
            recording.GetProperty("bytes").GetInt64(),
            recording.GetProperty("files").EnumerateArray().Sum(file => file.GetProperty("bytes").GetInt64()));
        // Bob came twice, and left once.
        var bobs = recording.GetProperty("participants").EnumerateArray().Where(one => TextOf(one, "user_id") == "bob").ToList();
        Assert.Equal(2, bobs.Count);
        Assert.Single(bobs, bob => bob.TryGetProperty("left_ms", out var left) && left.ValueKind == JsonValueKind.Number);
    }

    /// <summary>Alice spoke while her file lasts, for most of the time.</summary>
    private static void AssertSpeakers(JsonElement recording, JsonElement file)
    {
        var (start, duration) = (file.GetProperty("start_ms").GetInt64(), file.GetProperty("duration_ms").GetInt64());
        var spoke = recording.GetProperty("speaking").EnumerateArray()
            .Where(one => TextOf(one, "user_id") == "alice")
            .Select(one => (From: one.GetProperty("start_ms").GetInt64(), To: one.GetProperty("end_ms").GetInt64()))
            .ToList();
        Assert.InRange(spoke.Sum(one => one.To - one.From), duration / 2, duration + 1_000);
        Assert.InRange(spoke.Min(one => one.From), start - 100, start + 1_500);
        Assert.InRange(spoke.Max(one => one.To), start, start + duration + 1_500);
    }

    private static async Task AssertEventsAsync(SseReader events, int files)
    {
        await events.ReadUntilAsync("recording_started");
        for (var i = 0; i < files; i++)
        {
            await events.ReadUntilAsync("recording_file_ended");
        }

        var stopped = (await events.ReadUntilAsync("recording_stopped")).Json.GetProperty("recording_stopped");
        Assert.Equal(("stopped", files), (TextOf(stopped, "reason"), stopped.GetProperty("files").GetInt32()));
    }

    private static async Task AssertOggAsync(byte[] bytes)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, bytes);
        var report = System.Text.Encoding.UTF8.GetString(await Tool.RunAsync("opusinfo", [path]));
        File.Delete(path);
        Assert.Contains("Playback length", report);
        Assert.DoesNotContain("WARNING", report);
    }

    private static List<JsonElement> FilesOf(IEnumerable<JsonElement> files, string user) =>
        files.Where(file => file.TryGetProperty("user_id", out var owner) && owner.GetString() == user).ToList();

    private static IEnumerable<string> IdsOf(JsonElement page) =>
        page.GetProperty("recordings").EnumerateArray().Select(one => TextOf(one, "id"));

    private static string TextOf(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string PathOf(string session, string recording) => $"/v1/sessions/{session}/recordings/{recording}";
}
