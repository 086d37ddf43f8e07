using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using StreamGateway.Tests.Server;

namespace StreamGateway.Tests.Recordings;

public sealed class RecordingCrashTests
{
    [Fact]
    public async Task A_gateway_killed_while_it_records_leaves_files_that_play_and_the_next_one_lists_them()
    {
        using var folder = new RecordingFolder();
        var speech = await Speech.OggAsync();
        var film = await Film.MakeAsync("vp8", 30);
        string recorder, recording;
        TimeSpan killedAfter;
        using (var gateway = GatewayProcess.Start(("Recordings__Directory", folder.Path)))
        {
            using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
            recorder = await CreateAsync(http, "/v1/sessions", """{"call_cid":"default:crash","user_id":"recorder"}""");
            var alice = await CreateAsync(http, "/v1/sessions", """{"call_cid":"default:crash","user_id":"alice"}""");
            await using var events = await SseReader.OpenAsync(http, $"/v1/sessions/{recorder}/events");
            recording = await CreateAsync(http, $"/v1/sessions/{recorder}/recordings", """{"mix":true}""");
            var filming = PublishAsync(http, alice, "camera?loop=true", film, "video/x-ivf");
            var voice = PublishAsync(http, alice, "voice?loop=true", speech, "audio/ogg");
            await events.ReadUntilAsync("recording_file_started", one => TrackTypeOf(one) == "TRACK_TYPE_AUDIO");
            var began = TimeProvider.System.GetTimestamp();
            await Task.Delay(TimeSpan.FromSeconds(4)); // of speech to lose

            await gateway.KillAsync();
            killedAfter = TimeProvider.System.GetElapsedTime(began);
            await Task.WhenAll(filming, voice);
        }

        using var next = GatewayProcess.Start(("Recordings__Directory", folder.Path));
        using var again = new HttpClient { BaseAddress = await next.UrlAsync() };
        var listed = await again.GetFromJsonAsync<JsonElement>("/v1/recordings").WithTimeout();
        var found = await again.GetFromJsonAsync<JsonElement>($"/v1/sessions/{recorder}/recordings/{recording}").WithTimeout();

        Assert.Equal(recording, Assert.Single(listed.GetProperty("recordings").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(("interrupted", "interrupted"), (found.GetProperty("state").GetString(), found.GetProperty("reason").GetString()));
        var files = found.GetProperty("files").EnumerateArray().ToList();
        Assert.Equal(3, files.Count);
        var said = (await Sound.DecodeAsync(speech)).Repeated(2);
        foreach (var file in files)
        {
            var bytes = await again.GetByteArrayAsync(file.GetProperty("url").GetString()).WithTimeout();
            if (file.GetProperty("format").GetString() == "ivf")
            {
                // What was written last may be cut off.
                var pictures = (await Film.DecodeAsync("ivf", bytes)).SkipLast(1).ToList();
                Assert.InRange(pictures.Count, (killedAfter.TotalSeconds - 1) * Film.FrameRate - 15, 1_000);
                Assert.InRange(Film.LeastLikenessToAny(pictures, await Film.PicturesAsync(30)), 30, 100);
                continue;
            }

            var sound = await Sound.DecodeAsync(bytes);
            Assert.InRange(sound.Duration.TotalSeconds, killedAfter.TotalSeconds - 1, killedAfter.TotalSeconds + 5);
            if (file.GetProperty("kind").GetString() == "track")
            {
                Assert.InRange(sound.FoundIn(said), Sound.Alike, 1.01);
            }
        }

        Assert.Contains(found.GetProperty("speaking").EnumerateArray(), one => one.GetProperty("user_id").GetString() == "alice");
        using var deleted = await again.DeleteAsync($"/v1/sessions/{recorder}/recordings/{recording}?files=true").WithTimeout();
        Assert.True(deleted.IsSuccessStatusCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        await next.TerminateAsync();
        Assert.Equal(0, await next.WaitForExitAsync());
    }

    private static string? TrackTypeOf(SseEvent started) =>
        started.Json.GetProperty("recording_file_started").GetProperty("file").GetProperty("track_type").GetString();

    private static async Task<string> CreateAsync(HttpClient http, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(path, body).WithTimeout();
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    /// <summary>Publishes until the gateway is gone.</summary>
    private static async Task PublishAsync(HttpClient http, string session, string name, byte[] media, string contentType)
    {
        using var body = new ByteArrayContent(media) { Headers = { ContentType = new(contentType) } };
        try
        {
            using var response = await http.PutAsync($"/v1/sessions/{session}/publications/{name}", body);
        }
        catch (HttpRequestException)
        {
            // It was killed.
        }
    }
}
