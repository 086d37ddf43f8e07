using System.Net;

namespace StreamGateway.Tests.Stories;

/// <summary>Media that goes wrong: each is a clear problem with a stable code, and leaves nothing behind.</summary>
public sealed class MediaProblemTests : IAsyncLifetime
{
    private readonly GatewayApplication _gateway = new GatewayApplication().With("Publications:StallTimeout", "00:00:01");
    private string _session = "";

    public async Task InitializeAsync() => _session = await _gateway.JoinAsync("media", "alice");

    public async Task DisposeAsync()
    {
        // Whatever went wrong, the session lives on and can leave in order.
        await _gateway.LeaveAsync(_session);
        await _gateway.AssertNativeIsEmptyAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_that_are_not_Ogg_are_malformed()
    {
        using var response = await _gateway.PublishAsync(_session, "voice", new ByteArrayContent(new byte[20_000]));

        var problem = await response.HasCodeAsync(HttpStatusCode.UnprocessableEntity, "malformed_media");
        Assert.Equal("media", problem.GetProperty("stage").GetString());
    }

    [Fact]
    public async Task Ogg_that_breaks_off_into_garbage_is_malformed()
    {
        var speech = await Speech.OggAsync();
        var broken = speech.ToArray();
        broken.AsSpan(broken.Length / 4).Fill(0xA5);

        using var response = await _gateway.PublishAsync(_session, "voice", new ByteArrayContent(broken));

        await response.HasCodeAsync(HttpStatusCode.UnprocessableEntity, "malformed_media");
    }

    [Fact]
    public async Task An_empty_body_is_malformed()
    {
        using var response = await _gateway.PublishAsync(_session, "voice", new ByteArrayContent([]));

        await response.HasCodeAsync(HttpStatusCode.UnprocessableEntity, "malformed_media");
    }

    [Fact]
    public async Task A_body_that_stalls_ends_its_publication()
    {
        var speech = await Speech.OggAsync();
        using var body = await _gateway.StartPublishingAsync(_session, "voice");
        await body.WriteAsync(speech.AsMemory(0, 2_000));

        using var response = await body.ReadResponseAsync();

        var problem = await response.HasCodeAsync(HttpStatusCode.RequestTimeout, "media_stalled");
        Assert.Equal("media", problem.GetProperty("stage").GetString());
    }

    [Fact]
    public async Task A_client_that_vanishes_while_sending_closes_its_publication()
    {
        var speech = await Speech.OggAsync();
        var body = await _gateway.StartPublishingAsync(_session, "voice");
        await body.WriteAsync(speech.AsMemory(0, 10_000));
        await PublicationsAsync(1);

        body.Dispose();

        await PublicationsAsync(0);
    }

    [Fact]
    public async Task A_listener_that_vanishes_closes_its_sink()
    {
        var bob = await _gateway.JoinAsync("media", "bob");
        using var body = await _gateway.StartPublishingAsync(_session, "voice");
        await body.WriteAsync(await Speech.OggAsync());
        var listening = await _gateway.Http.GetAsync(
            $"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000", HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        Assert.Equal(HttpStatusCode.OK, listening.StatusCode);
        Assert.Equal(1u, (uint)_gateway.Engine.ReadTables().Sinks);

        listening.Dispose();

        await Eventually.GetAsync(() => _gateway.Engine.ReadTables(), tables => tables.Sinks == 0);
        await body.CompleteAsync();
        using var published = await body.ReadResponseAsync();
        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
        await _gateway.LeaveAsync(bob);
    }

    [Fact]
    public async Task A_session_that_leaves_ends_its_publications_and_listeners()
    {
        var bob = await _gateway.JoinAsync("media", "bob");
        using var body = await _gateway.StartPublishingAsync(bob, "voice");
        await body.WriteAsync(await Speech.OggAsync());
        using var listening = await _gateway.Http.GetAsync(
            $"/v1/sessions/{_session}/tracks/bob:audio/media?wait_ms=20000", HttpCompletionOption.ResponseHeadersRead).WithTimeout();

        await using var heard = await listening.Content.ReadAsStreamAsync();
        await heard.ReadExactlyAsync(new byte[1_000]).AsTask().WithTimeout();

        await _gateway.LeaveAsync(bob);

        using var response = await body.ReadResponseAsync();
        await response.HasCodeAsync(HttpStatusCode.Conflict, "session_ended");
        await heard.CopyToAsync(Stream.Null).WithTimeout();
    }

    [Fact]
    public async Task A_second_publication_of_a_name_is_refused_until_the_first_was_stopped()
    {
        using var body = await _gateway.StartPublishingAsync(_session, "voice");
        await body.WriteAsync(await Speech.OggAsync());
        await PublicationsAsync(1);

        using var second = await _gateway.PublishAsync(_session, "voice", new ByteArrayContent(await Speech.OggAsync()));
        await second.HasCodeAsync(HttpStatusCode.Conflict, "publication_exists");

        using var stopped = await _gateway.Http.DeleteAsync($"/v1/sessions/{_session}/publications/voice").WithTimeout();
        Assert.Equal(HttpStatusCode.NoContent, stopped.StatusCode);
        using var first = await body.ReadResponseAsync();
        Assert.Equal("closed", (await GatewayApplication.JsonOf(first)).GetProperty("reason").GetString());
        await PublicationsAsync(0);
    }

    [Fact]
    public async Task Stopping_what_is_not_published_is_not_found()
    {
        using var response = await _gateway.Http.DeleteAsync($"/v1/sessions/{_session}/publications/voice").WithTimeout();

        await response.HasCodeAsync(HttpStatusCode.NotFound, "publication_not_found");
    }

    [Fact]
    public async Task A_format_that_is_not_supported_is_refused_with_those_that_are()
    {
        using var response = await _gateway.PublishAsync(
            _session, "voice", new ByteArrayContent([1]), "audio/mpeg");

        var problem = await response.HasCodeAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Contains("audio/ogg", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("?track_type=video", "track_type")]
    [InlineData("?track_type=smell", "track_type")]
    [InlineData("?pace=slow", "pace")]
    [InlineData("?loop=maybe", "loop")]
    public async Task Bad_queries_of_a_publication_are_named(string query, string field)
    {
        using var response = await _gateway.PublishAsync(_session, $"voice{query}", new ByteArrayContent(await Speech.OggAsync()));

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task A_track_that_nobody_publishes_is_not_found()
    {
        using var response = await _gateway.Http.GetAsync($"/v1/sessions/{_session}/tracks/ghost:audio/media?wait_ms=50").WithTimeout();

        await response.HasCodeAsync(HttpStatusCode.NotFound, "track_not_found");
    }

    [Fact]
    public async Task A_track_in_a_format_that_cannot_be_made_is_not_acceptable()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{_session}/tracks/bob:audio/media");
        request.Headers.Accept.ParseAdd("audio/mpeg");

        using var response = await _gateway.Http.SendAsync(request).WithTimeout();

        await response.HasCodeAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
    }

    [Theory]
    [InlineData("bob", "track_id")]
    [InlineData("bob:smell", "track_id")]
    [InlineData("bob:audio/media?wait_ms=-1#", "wait_ms")]
    [InlineData("bob:audio/media?wait_ms=99999999#", "wait_ms")]
    public async Task Bad_track_requests_are_named(string track, string field)
    {
        using var response = await _gateway.Http.GetAsync($"/v1/sessions/{_session}/tracks/{track}/media").WithTimeout();

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private Task PublicationsAsync(int count) =>
        Eventually.GetAsync(
            () => _gateway.GetAsync($"/v1/sessions/{_session}/publications"),
            list => list.GetProperty("publications").GetArrayLength() == count);
}
