using System.Net;
using System.Net.Http.Headers;

namespace StreamGateway.Tests.Stories;

/// <summary>Every format in and out over HTTP alone, checked by ffmpeg.</summary>
public sealed class FormatsTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public FormatsTests(GatewayApplication gateway) => _gateway = gateway;

    [Theory]
    [InlineData("vp8", "video/x-ivf", "ivf")]
    [InlineData("h264", "video/h264", "h264")]
    public async Task A_film_is_seen_as_it_was_published(string codec, string contentType, string format)
    {
        const int frames = 45;
        var film = await Film.PicturesAsync(frames);
        var alice = await _gateway.JoinAsync($"film-{codec}", "alice");
        var bob = await _gateway.JoinAsync($"film-{codec}", "bob");

        var publishing = _gateway.PublishAsync(alice, "camera?loop=true", new ByteArrayContent(await Film.MakeAsync(codec, frames)), contentType);
        using var watching = await OpenAsync($"/v1/sessions/{bob}/tracks/alice:video/media?wait_ms=20000", "*/*");
        Assert.Equal(contentType, watching.Content.Headers.ContentType!.ToString());
        var seen = await ReadAsync(watching, 150_000);

        var running = (await _gateway.GetAsync($"/v1/sessions/{alice}/publications")).GetProperty("publications")[0];
        Assert.Equal((codec, "video", format), (
            running.GetProperty("codec").GetString(), running.GetProperty("track_type").GetString(), running.GetProperty("format").GetString()));
        var pictures = await Film.DecodeAsync(format, seen);
        Assert.True(pictures.Count > 10, $"{seen.Length} bytes hold {pictures.Count} pictures");
        // The last may be cut off where reading ended.
        Assert.InRange(Film.LeastLikeness(pictures.SkipLast(1).ToList(), film), 30, 100);

        await _gateway.LeaveAsync(alice);
        using var published = await publishing;
        await published.HasCodeAsync(HttpStatusCode.Conflict, "session_ended");
        await _gateway.LeaveAsync(bob);
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Theory]
    [InlineData("wav", new[] { "-f", "wav" }, "audio/wav")]
    [InlineData("l16", new[] { "-f", "s16be", "-ar", "16000", "-ac", "1" }, "audio/l16;rate=16000;channels=1")]
    [InlineData("pcm", new[] { "-f", "s16le", "-ar", "24000", "-ac", "2" }, "audio/pcm;rate=24000;channels=2")]
    public async Task Samples_are_heard_as_samples(string name, string[] encoder, string contentType)
    {
        var speech = await Speech.OggAsync();
        var samples = await Tool.RunAsync("ffmpeg", ["-v", "error", "-i", "pipe:0", .. encoder, "pipe:1"], speech);
        var alice = await _gateway.JoinAsync($"samples-{name}", "alice");
        var bob = await _gateway.JoinAsync($"samples-{name}", "bob");

        var opening = OpenAsync($"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000", contentType);
        var publishing = _gateway.PublishAsync(alice, "voice", new ByteArrayContent(samples), contentType);
        using var listening = await opening;
        Assert.Equal(MediaTypeHeaderValue.Parse(contentType), listening.Content.Headers.ContentType);
        var hearing = listening.Content.ReadAsByteArrayAsync();
        using var published = await publishing;
        Assert.True(published.StatusCode == HttpStatusCode.OK, await published.Content.ReadAsStringAsync());
        await _gateway.LeaveAsync(alice); // ends the track, and with it what bob hears

        var heard = await hearing.WithTimeout();
        await _gateway.LeaveAsync(bob);
        await _gateway.AssertNativeIsEmptyAsync();
        var decoded = name == "wav" ? heard : await Tool.RunAsync("ffmpeg", ["-v", "error", .. encoder, "-i", "pipe:0", "-f", "wav", "pipe:1"], heard);
        Assert.InRange((await Sound.DecodeAsync(speech)).FoundIn(await Sound.DecodeAsync(decoded)), Sound.Alike, 1);
    }

    [Theory]
    [InlineData("audio/l16")]
    [InlineData("audio/l16;rate=fast")]
    [InlineData("audio/pcm;rate=16000;channels=9")]
    [InlineData("audio/pcm;rate=1000")]
    public async Task Samples_of_no_sensible_shape_are_refused(string contentType)
    {
        var alice = await _gateway.JoinAsync("shapes", "alice");
        using var body = new ByteArrayContent(new byte[100]);
        body.Headers.TryAddWithoutValidation("Content-Type", contentType);

        using var response = await _gateway.Http.PutAsync($"/v1/sessions/{alice}/publications/voice", body).WithTimeout();

        await response.HasCodeAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        await _gateway.LeaveAsync(alice);
    }

    [Fact]
    public async Task Video_in_a_format_that_its_codec_does_not_have_is_not_acceptable()
    {
        var alice = await _gateway.JoinAsync("misfit", "alice");
        var bob = await _gateway.JoinAsync("misfit", "bob");
        var publishing = _gateway.PublishAsync(alice, "camera?loop=true", new ByteArrayContent(await Film.MakeAsync("vp8", 15)), "video/x-ivf");

        using var response = await OpenAsync($"/v1/sessions/{bob}/tracks/alice:video/media?wait_ms=20000", "video/h264");

        await response.HasCodeAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
        await _gateway.LeaveAsync(alice);
        using var published = await publishing;
        await _gateway.LeaveAsync(bob);
        await _gateway.AssertNativeIsEmptyAsync();
    }

    private async Task<HttpResponseMessage> OpenAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await _gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int count)
    {
        await using var body = await response.Content.ReadAsStreamAsync();
        var data = new byte[count];
        await body.ReadExactlyAsync(data).AsTask().WithTimeout();
        return data;
    }
}
