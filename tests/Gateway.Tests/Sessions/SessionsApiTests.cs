using System.Net;
using System.Text;
using System.Text.Json;

namespace StreamGateway.Tests.Sessions;

public sealed class SessionsApiTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public SessionsApiTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task A_session_lives_from_joined_to_left_and_is_remembered()
    {
        using var created = await _gateway.PostAsync(
            "/v1/sessions",
            """{"call_cid":"default:life","user":{"id":"alice","name":"Alice","custom":{"seat":1} },"metadata":{"team":"red"}}""");

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var session = await GatewayApplication.JsonOf(created);
        var id = session.GetProperty("id").GetString()!;
        Assert.Equal($"/v1/sessions/{id}", created.Headers.Location!.ToString());
        Assert.Equal("joined", session.GetProperty("state").GetString());
        Assert.Equal("default:life", session.GetProperty("call_cid").GetString());
        Assert.Equal("alice", session.GetProperty("user_id").GetString());
        Assert.Equal("red", session.GetProperty("metadata").GetProperty("team").GetString());
        Assert.Equal("all", session.GetProperty("subscribe").GetProperty("audio").GetString());

        var participants = (await _gateway.GetAsync($"/v1/sessions/{id}/participants")).GetProperty("participants");
        Assert.Equal("Alice", participants[0].GetProperty("name").GetString());
        Assert.True(participants[0].GetProperty("is_local").GetBoolean());
        Assert.True((await _gateway.GetAsync($"/v1/sessions/{id}/stats")).GetProperty("join_timing").GetProperty("total_ms").GetDouble() > 0);

        await _gateway.LeaveAsync(id);
        await _gateway.LeaveAsync(id);
        var ended = await _gateway.GetAsync($"/v1/sessions/{id}");
        Assert.Equal(("left", "left"), (ended.GetProperty("state").GetString(), ended.GetProperty("end_reason").GetString()));
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_join_that_need_not_be_awaited_answers_at_once()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions")
        {
            Headers = { { "Prefer", "respond-async" } },
            Content = Json("""{"call_type":"default","call_id":"async","user_id":"alice"}"""),
        };
        using var response = await _gateway.Http.SendAsync(request).WithTimeout();

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var session = await GatewayApplication.JsonOf(response);
        Assert.Equal("joining", session.GetProperty("state").GetString());
        var id = session.GetProperty("id").GetString()!;
        await Eventually.GetAsync(
            () => _gateway.GetAsync($"/v1/sessions/{id}"), now => now.GetProperty("state").GetString() == "joined");
        await _gateway.LeaveAsync(id);
    }

    [Fact]
    public async Task A_failed_join_that_was_not_awaited_tells_why()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions")
        {
            Headers = { { "Prefer", "respond-async" } },
            Content = Json("""{"call_type":"default","call_id":"nowhere","user_id":"alice","create":false}"""),
        };
        using var response = await _gateway.Http.SendAsync(request).WithTimeout();
        var id = (await GatewayApplication.JsonOf(response)).GetProperty("id").GetString()!;

        await using var events = await SseReader.OpenAsync(_gateway.Http, $"/v1/sessions/{id}/events?last_event_id=");
        await events.ReadUntilAsync("end");

        var failed = await _gateway.GetAsync($"/v1/sessions/{id}");
        Assert.Equal("failed", failed.GetProperty("state").GetString());
        Assert.Equal("call_not_found", failed.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("coordinator", failed.GetProperty("error").GetProperty("stage").GetString());
    }

    [Fact]
    public async Task The_same_idempotency_key_gives_the_first_session_again()
    {
        const string Body = """{"call_type":"default","call_id":"once","user_id":"alice"}""";
        using var first = await PostWithKeyAsync("key-1", Body);
        using var again = await PostWithKeyAsync("key-1", Body);
        using var other = await PostWithKeyAsync("key-1", """{"call_type":"default","call_id":"once","user_id":"bob"}""");

        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        await other.HasCodeAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        var sessions = (await _gateway.GetAsync("/v1/sessions?call_cid=default:once")).GetProperty("sessions");
        Assert.Equal(1, sessions.GetArrayLength());
        await _gateway.LeaveAsync(sessions[0].GetProperty("id").GetString()!);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page_in_both_directions()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, await _gateway.JoinAsync("pages", $"user-{i}"));
        }

        var first = await PageAsync("limit=2");
        var second = await PageAsync($"limit=2&next={first.GetProperty("next").GetString()}");
        var third = await PageAsync($"limit=2&next={second.GetProperty("next").GetString()}");
        var back = await PageAsync($"limit=2&prev={third.GetProperty("prev").GetString()}");

        Assert.Equal(ids[..2], IdsOf(first));
        Assert.Equal(ids[2..4], IdsOf(second));
        Assert.Equal(ids[4..], IdsOf(third));
        Assert.Equal(ids[2..4], IdsOf(back));
        Assert.Equal(JsonValueKind.Null, first.GetProperty("prev").ValueKind);
        Assert.Equal(JsonValueKind.Null, third.GetProperty("next").ValueKind);
        foreach (var id in ids)
        {
            await _gateway.LeaveAsync(id);
        }
    }

    [Fact]
    public async Task A_session_can_be_changed_while_it_runs()
    {
        var id = await _gateway.JoinAsync("change", "alice");
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/sessions/{id}")
        {
            Content = Json("""{"subscribe":{"audio":["bob"]},"muted":{"audio":true},"metadata":{"a":"b"}}"""),
        };

        using var response = await _gateway.Http.SendAsync(request).WithTimeout();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var changed = await GatewayApplication.JsonOf(response);
        Assert.Equal("bob", changed.GetProperty("subscribe").GetProperty("audio")[0].GetString());
        Assert.True(changed.GetProperty("muted").GetProperty("audio").GetBoolean());
        Assert.Equal("b", changed.GetProperty("metadata").GetProperty("a").GetString());
        await _gateway.LeaveAsync(id);
    }

    [Fact]
    public async Task Custom_events_and_reactions_are_sent_as_the_participant()
    {
        var id = await _gateway.JoinAsync("react", "alice");

        using var custom = await _gateway.PostAsync($"/v1/sessions/{id}/custom_events", """{"custom":{"type":"wave"}}""");
        using var reaction = await _gateway.PostAsync($"/v1/sessions/{id}/reactions", """{"type":"raised-hand","emoji_code":":hand:"}""");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (custom.StatusCode, reaction.StatusCode));
        await _gateway.LeaveAsync(id);
    }

    [Fact]
    public async Task What_needs_a_call_is_refused_once_the_session_has_ended()
    {
        var id = await _gateway.JoinAsync("over", "alice");
        await _gateway.LeaveAsync(id);

        using var response = await _gateway.PostAsync($"/v1/sessions/{id}/reactions", """{"type":"wave"}""");

        await response.HasCodeAsync(HttpStatusCode.Conflict, "session_ended");
    }

    [Theory]
    [InlineData("""{"call_type":"default","call_id":"a","user_id":"u","usr":1}""", "usr")]
    [InlineData("""{"call_type":"default","call_id":"a","user":{"id":"u","nme":1} }""", "user.nme")]
    [InlineData("""{"call_type":5,"call_id":"a","user_id":"u"}""", "call_type")]
    [InlineData("""{"call_type":"default","user_id":"u"}""", "call_cid")]
    [InlineData("""{"call_cid":"default","user_id":"u"}""", "call_cid")]
    [InlineData("""{"call_cid":"default:a","call_id":"a","user_id":"u"}""", "call_cid")]
    [InlineData("""{"call_cid":"default:a"}""", "user_id")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","user":{"id":"u"} }""", "user_id")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","create":"yes"}""", "create")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","subscribe":{"video":"some"} }""", "subscribe.video")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","max_duration_ms":1}""", "max_duration_ms")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","leave_when_alone_ms":1.5}""", "leave_when_alone_ms")]
    [InlineData("""{"call_cid":"default:a","user_id":"u","metadata":{"a":1} }""", "metadata")]
    public async Task A_bad_field_of_a_join_is_named(string body, string field)
    {
        using var response = await _gateway.PostAsync("/v1/sessions", body);

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task All_bad_fields_are_listed_at_once()
    {
        using var response = await _gateway.PostAsync(
            "/v1/sessions", """{"call_type":"no spaces","call_id":"","user":{"name":5},"ring":"loud","extra":{} }""");

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(
            ["call_id", "call_type", "extra", "ring", "user.id", "user.name"],
            problem.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order());
    }

    [Theory]
    [InlineData("""{"call_type":""")]
    [InlineData("""[]""")]
    [InlineData("""{"call_id":"a","call_id":"b"}""")]
    [InlineData("")]
    public async Task A_body_that_is_not_one_JSON_object_is_malformed(string body)
    {
        using var response = await _gateway.PostAsync("/v1/sessions", body);

        await response.HasCodeAsync(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        using var response = await _gateway.PostAsync("/v1/sessions", $"{{\"a\":\"{new string('x', 300_000)}\"}}");

        await response.HasCodeAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=abc", "limit")]
    [InlineData("next=zzz", "next")]
    [InlineData("state=asleep", "state")]
    public async Task A_bad_query_of_a_list_is_named(string query, string field)
    {
        using var response = await _gateway.Http.GetAsync($"/v1/sessions?{query}").WithTimeout();

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static IEnumerable<string> IdsOf(JsonElement page) =>
        page.GetProperty("sessions").EnumerateArray().Select(session => session.GetProperty("id").GetString()!);

    private Task<JsonElement> PageAsync(string query) => _gateway.GetAsync($"/v1/sessions?call_cid=default:pages&{query}");

    private Task<HttpResponseMessage> PostWithKeyAsync(string key, string body) =>
        _gateway.Http.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/sessions")
        {
            Headers = { { "Idempotency-Key", key } },
            Content = Json(body),
        }).WithTimeout();
}
