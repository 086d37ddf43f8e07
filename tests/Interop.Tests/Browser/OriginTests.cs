using System.Text.Json;

namespace StreamGateway.Tests.Browser;

/// <summary>What a real browser lets pages do with a gateway on the same machine.</summary>
public sealed class OriginTests : IClassFixture<OriginWorld>
{
    private const string Join = """{"call_cid":"default:page","user_id":"page"}""";

    private readonly OriginWorld _world;

    public OriginTests(OriginWorld world) => _world = world;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_of_other_origins_do_nothing_with_a_gateway_without_keys(bool isForeign)
    {
        await using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("page", "victim");
        await using var page = await _world.OpenAsync(isForeign ? _world.ForeignPage : _world.NearPage);

        foreach (var name in new[] { "127.0.0.1", "localhost" })
        {
            var address = AddressOf(gateway, name);
            Assert.Equal("failed", await FetchAsync(page, $"{address}/v1/sessions", "{}"));
            Assert.Equal("opaque", await FetchAsync(page, $"{address}/v1/sessions", $"{{method: 'POST', mode: 'no-cors', body: new Blob(['{Join}'])}}"));
            Assert.Equal("opaque", await FetchAsync(
                page, $"{address}/api/v2/users", """{method: 'POST', mode: 'no-cors', body: '{"users":{"csrf":{"id":"csrf","role":"admin"}}}'}"""));
            Assert.Equal("error", await ListenAsync(page, $"{address}/v1/events"));
            Assert.Equal("error", await ConnectAsync(page, $"{address}/v1/sessions/{session}/audio/socket"));
        }

        Assert.Equal(["victim"], (await gateway.GetAsync("/v1/sessions")).GetProperty("sessions").EnumerateArray().Select(one => one.GetProperty("user_id").GetString()));
        using var users = await gateway.Http.GetAsync("""/api/v2/users?payload={"filter_conditions":{"id":"csrf"}}""").WithTimeout();
        Assert.Empty((await GatewayApplication.JsonOf(users)).GetProperty("users").EnumerateArray());
    }

    [Fact]
    public async Task The_embedded_Stream_lets_pages_of_this_machine_in_and_no_others()
    {
        await using var gateway = new GatewayApplication();
        _ = gateway.Http;
        await using var foreign = await _world.OpenAsync(_world.ForeignPage);
        await using var near = await _world.OpenAsync(_world.NearPage);
        var stream = gateway.Stream.Options.BaseUrl.ToString().TrimEnd('/');
        const string guest = """{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"user":{"id":"guest"}}'}""";

        Assert.Equal("failed", await FetchAsync(foreign, $"{stream}/api/v2/guest?api_key=local", guest));
        Assert.Equal("error", await ConnectAsync(foreign, $"{stream}/video/connect?api_key=local"));
        Assert.Equal("201", await FetchAsync(near, $"{stream}/api/v2/guest?api_key=local", guest));
        Assert.Equal("open", await ConnectAsync(near, $"{stream}/video/connect?api_key=local"));
    }

    [Fact]
    public async Task A_page_of_an_allowed_origin_joins_reads_events_and_talks_with_tickets()
    {
        var origin = _world.ForeignPage.GetLeftPart(UriPartial.Authority);
        await using var gateway = new GatewayApplication()
            .With("Server:AllowedOrigins:0", origin).WithKey("page", "sessions:read", "sessions:write", "events:read");
        await using var page = await _world.OpenAsync(_world.ForeignPage);
        var address = AddressOf(gateway, "127.0.0.1");

        var made = await page.EvaluateAsync($$"""
            (async () => {
              const headers = {'X-Api-Key': '{{GatewayApplication.KeyOf("page")}}', 'Content-Type': 'application/json'};
              const joined = await fetch('{{address}}/v1/sessions', {method: 'POST', headers, body: '{{Join}}'});
              const id = (await joined.json()).id;
              const body = JSON.stringify({session_id: id, speak: true});
              const ticket = (await (await fetch('{{address}}/v1/tickets', {method: 'POST', headers, body})).json()).ticket;
              return {location: joined.headers.get('Location'), id, ticket};
            })()
            """);
        var (session, ticket) = (made.GetProperty("id").GetString(), made.GetProperty("ticket").GetString());

        Assert.Equal($"/v1/sessions/{session}", made.GetProperty("location").GetString());
        Assert.Equal("snapshot", await ListenAsync(page, $"{address}/v1/sessions/{session}/events?ticket={ticket}"));
        Assert.Equal("open", await ConnectAsync(page, $"{address}/v1/sessions/{session}/audio/socket?ticket={ticket}"));
        Assert.Equal("error", await ListenAsync(page, $"{address}/v1/events?ticket={ticket}"));

        await using var other = await _world.OpenAsync(_world.NearPage);
        Assert.Equal("error", await ListenAsync(other, $"{address}/v1/sessions/{session}/events?ticket={ticket}"));
        Assert.Equal("error", await ConnectAsync(other, $"{address}/v1/sessions/{session}/audio/socket?ticket={ticket}"));
    }

    private static string AddressOf(GatewayApplication gateway, string name) => $"http://{name}:{gateway.Http.BaseAddress!.Port}";

    private static Task<string?> FetchAsync(Tab page, string url, string options) =>
        TextAsync(page, $"fetch({Quoted(url)}, {options}).then((answer) => answer.type === 'opaque' ? 'opaque' : `${{answer.status}}`, () => 'failed')");

    private static Task<string?> ListenAsync(Tab page, string url) => TextAsync(page, $$"""
        new Promise((resolve) => {
          const events = new EventSource({{Quoted(url)}});
          const end = (result) => { events.close(); resolve(result); };
          events.addEventListener('snapshot', () => end('snapshot'));
          events.onerror = () => end('error');
        })
        """);

    private static Task<string?> ConnectAsync(Tab page, string url) => TextAsync(page, $$"""
        new Promise((resolve) => {
          const socket = new WebSocket({{Quoted(url)}}.replace('http', 'ws'));
          socket.onopen = () => { socket.close(); resolve('open'); };
          socket.onerror = () => resolve('error');
        })
        """);

    private static string Quoted(string text) => JsonSerializer.Serialize(text);

    private static async Task<string?> TextAsync(Tab page, string expression) => (await page.EvaluateAsync(expression)).GetString();
}
