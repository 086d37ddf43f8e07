using System.Net;
using System.Text.Json;
using GetStream;
using GetStream.Models;
using Microsoft.Extensions.DependencyInjection;
using StreamGateway.Tests.Server;

namespace StreamGateway.Tests.Sessions;

/// <summary>A join makes users that are not there, and changes of the others what it names and nothing else.</summary>
public sealed class JoiningUserTests : IClassFixture<JoiningUserTests.World>
{
    private readonly GatewayApplication _gateway;

    public JoiningUserTests(World world) => _gateway = world.Gateway;

    [Theory]
    [InlineData("""{"call_cid":"default:whole","user_id":"jane"}""")]
    [InlineData("""{"call_cid":"default:whole","user":{"id":"jane"} }""")]
    [InlineData("""{"call_cid":"default:whole","user":{"id":"jane","name":"Jane Doe"} }""")]
    [InlineData("""{"call_cid":"default:whole","user":{"id":"jane","name":"Jane Doe","image":"https://x/j.png","custom":{"crm_id":42} } }""")]
    public async Task Who_joins_as_a_user_that_exists_leaves_it_as_it_is(string body)
    {
        await CreateJaneAsync();
        var before = await ReadAsync("jane");

        var session = await JoinAsync("writer", body);

        Assert.Equal(Described(before), Described(await ReadAsync("jane")));
        Assert.Equal("Jane Doe", await NameInTheCallAsync(session));
        await LeaveAsync(session);
    }

    [Fact]
    public async Task What_a_join_names_is_changed_and_nothing_else()
    {
        await CreateJaneAsync();

        await LeaveAsync(await JoinAsync("server", """{"call_cid":"default:named","user":{"id":"jane","name":"Jane Roe"} }"""));

        var jane = await ReadAsync("jane");
        Assert.Equal("Jane Roe", jane.Name);
        Assert.Equal(("https://x/j.png", "admin", "de", "red"), (jane.Image, jane.Role, jane.Language, jane.Teams.Single()));
        Assert.Equal("""{"crm_id":42}""", jane.Custom.ToJsonString());
    }

    [Theory]
    [InlineData("""{"id":"jane","name":"Mallory"}""", "name")]
    [InlineData("""{"id":"jane","image":"https://x/m.png"}""", "image")]
    [InlineData("""{"id":"jane","custom":{} }""", "custom")]
    public async Task Another_profile_needs_the_scope_rest(string user, string field)
    {
        await CreateJaneAsync();
        var before = await ReadAsync("jane");

        using var refused = await _gateway.SendAsAsync(
            "writer", HttpMethod.Post, "/v1/sessions", $$"""{"call_cid":"default:refused","user":{{user}}}""");

        var problem = await refused.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
        Assert.Contains($"changing its {field} needs a key with the scope rest", problem.GetProperty("detail").GetString());
        Assert.Equal(Described(before), Described(await ReadAsync("jane")));
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_role_needs_the_scope_rest_for_a_new_user_too()
    {
        const string body = """{"call_cid":"default:role","user":{"id":"mallory","role":"admin"} }""";

        using var refused = await _gateway.SendAsAsync("writer", HttpMethod.Post, "/v1/sessions", body);
        await refused.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
        Assert.Null(await FindAsync("mallory"));

        await LeaveAsync(await JoinAsync("server", body));
        Assert.Equal("admin", (await ReadAsync("mallory")).Role);
    }

    [Fact]
    public async Task A_new_user_is_made_as_the_request_describes_it()
    {
        var session = await JoinAsync(
            "writer", """{"call_cid":"default:new","user":{"id":"new-bot","name":"Bot","image":"https://x/b.png","custom":{"a":[1,2]} } }""");

        var made = await ReadAsync("new-bot");
        Assert.Equal(("Bot", "https://x/b.png", "user", """{"a":[1,2]}"""), (made.Name, made.Image, made.Role, made.Custom.ToJsonString()));
        Assert.Equal("Bot", await NameInTheCallAsync(session));
        await LeaveAsync(session);
    }

    [Fact]
    public async Task Who_joins_by_the_id_alone_is_made_where_Stream_refuses_users_it_does_not_know()
    {
        using var strict = await LocalStreamProcess.StartAsync(extra: "--strict-users");
        await using var gateway = new GatewayApplication()
            .With("Stream:ApiKey", LocalStreamProcess.ApiKey).With("Stream:ApiSecret", LocalStreamProcess.ApiSecret)
            .With("Stream:BaseUrl", strict.Url.ToString());

        var first = await gateway.JoinAsync("strict", "nobody-yet");
        var again = await gateway.JoinAsync("strict", "nobody-yet");

        await gateway.LeaveAsync(first);
        await gateway.LeaveAsync(again);
        await gateway.AssertNativeIsEmptyAsync();
    }

    private StreamClient Stream => _gateway.Services.GetRequiredService<StreamClient>();

    private async Task CreateJaneAsync()
    {
        var jane = new UserRequest
        {
            Id = "jane", Name = "Jane Doe", Image = "https://x/j.png", Role = "admin", Language = "de", Teams = ["red"],
            Custom = new() { ["crm_id"] = 42 },
        };
        await Stream.Common.UpdateUsersAsync(new UpdateUsersRequest { Users = new Dictionary<string, UserRequest> { ["jane"] = jane } })
            .WithTimeout();
    }

    private async Task<FullUserResponse> ReadAsync(string id) => await FindAsync(id) ?? throw new InvalidOperationException(id);

    private async Task<FullUserResponse?> FindAsync(string id)
    {
        var query = new QueryUsersQuery { Payload = new QueryUsersPayload { FilterConditions = new() { ["id"] = id } } };
        return (await Stream.Common.QueryUsersAsync(query).WithTimeout()).Data.Users.SingleOrDefault();
    }

    private static string Described(FullUserResponse user) =>
        JsonSerializer.Serialize(new { user.Name, user.Image, user.Role, user.Language, user.Teams, Custom = user.Custom.ToJsonString() });

    private async Task<string> JoinAsync(string key, string body)
    {
        using var joined = await _gateway.SendAsAsync(key, HttpMethod.Post, "/v1/sessions", body);
        Assert.True(joined.StatusCode == HttpStatusCode.Created, await joined.Content.ReadAsStringAsync());
        return (await GatewayApplication.JsonOf(joined)).GetProperty("id").GetString()!;
    }

    private async Task<string?> NameInTheCallAsync(string session)
    {
        using var answer = await _gateway.SendAsAsync("server", HttpMethod.Get, $"/v1/sessions/{session}/participants");
        return (await GatewayApplication.JsonOf(answer)).GetProperty("participants")[0].GetProperty("name").GetString();
    }

    private async Task LeaveAsync(string session)
    {
        using var left = await _gateway.SendAsAsync("server", HttpMethod.Delete, $"/v1/sessions/{session}");
        Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
    }

    public sealed class World : IDisposable
    {
        public GatewayApplication Gateway { get; } = new GatewayApplication()
            .WithKey("writer", "sessions:write").WithKey("server", "sessions:write", "rest", "admin");

        public void Dispose() => Gateway.Dispose();
    }
}
