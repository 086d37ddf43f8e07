using System.Net.Sockets;
using System.Net;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class HttpTests : IAsyncLifetime
{
    private LocalStream _stream = null!;

    public async Task InitializeAsync() => _stream = await LocalStream.StartAsync();

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task A_page_of_this_machine_may_call()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/video/call/default/demo/join");
        preflight.Headers.Add("Origin", "http://localhost:5173");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,x-future-header");

        using var answer = await _stream.Http.SendAsync(preflight);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(["*"], answer.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Contains("x-future-header", answer.Headers.GetValues("Access-Control-Allow-Headers").Single());
        Assert.Contains("PATCH", answer.Headers.GetValues("Access-Control-Allow-Methods").Single());
        Assert.Single(answer.Headers.GetValues("Access-Control-Max-Age"));
    }

    [Fact]
    public async Task Refusals_are_readable_for_pages_too()
    {
        using var answer = await _stream.Http.GetAsync("/video/call/default/demo");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(["*"], answer.Headers.GetValues("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task The_location_hint_tells_an_edge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");

        using var answer = await _stream.Http.SendAsync(request);

        Assert.Equal(["LOC1-P1"], answer.Headers.GetValues("x-amz-cf-pop"));
        Assert.Contains("x-amz-cf-pop", answer.Headers.GetValues("Access-Control-Expose-Headers").Single());
    }

    [Fact]
    public async Task Answers_carry_the_clients_request_id_or_one_of_their_own()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hi");
        request.Headers.Add("x-client-request-id", "abc-1");

        using var named = await _stream.Http.SendAsync(request);
        using var unnamed = await _stream.Http.GetAsync("/hi");

        Assert.Equal(["abc-1"], named.Headers.GetValues("X-Request-Id"));
        Assert.NotEqual("", unnamed.Headers.GetValues("X-Request-Id").Single());
    }

    [Fact]
    public async Task A_taken_port_is_told_at_the_start()
    {
        var port = new Uri(_stream.Url).Port;

        await Assert.ThrowsAsync<IOException>(() => LocalStreamServer.StartAsync(
            new LocalStreamOptions { Port = port }, new FakeSfu(), new Local.Sfu.SfuTokens(TimeProvider.System),
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None));
    }

    [Theory]
    [InlineData(-1, "key")]
    [InlineData(70_000, "key")]
    [InlineData(0, "")]
    public void Options_out_of_range_are_named(int port, string key) =>
        Assert.Throws<ArgumentException>(() => new LocalStreamOptions { Port = port, ApiKey = key }.Validate());

    [Fact]
    public async Task Connections_that_say_nothing_give_way_to_those_that_ask()
    {
        await using var stream = await LocalStream.StartAsync(new LocalStreamOptions { MaxHttpConnections = 16 });
        var port = new Uri(stream.Url).Port;
        var idle = new List<TcpClient>();
        for (var i = 0; i < 60; i++)
        {
            idle.Add(new TcpClient());
            await idle[i].ConnectAsync(IPAddress.Loopback, port).WaitAsync(LocalStream.Patience);
        }

        (await stream.AsServer().Get("/app")).Ok();

        idle.ForEach(client => client.Dispose());
    }
}
