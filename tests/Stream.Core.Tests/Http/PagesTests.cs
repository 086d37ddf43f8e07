using System.Net;
using System.Text;
using GetStream.Models;

namespace GetStream.Tests.Http;

public sealed class PagesTests
{
    [Fact]
    public async Task Pages_are_asked_for_as_far_as_they_are_read()
    {
        var bodies = new List<string>();
        using var http = new HttpClient(new Handler(async request =>
        {
            bodies.Add(await request.Content!.ReadAsStringAsync());
            return bodies.Count switch
            {
                1 => """{"duration":"","calls":[],"next":"a"}""",
                2 => """{"duration":"","calls":[],"next":"b"}""",
                _ => """{"duration":"","calls":[]}""",
            };
        }));
        using var client = Client(http);
        var request = new QueryCallsRequest { Limit = 2 };

        Assert.Empty(await client.Video.QueryCallsAllAsync(request).ToListAsync());

        Assert.Equal(["""{"limit":2}""", """{"limit":2,"next":"a"}""", """{"limit":2,"next":"b"}"""], bodies);
        Assert.Null(request.Next);
    }

    [Fact]
    public async Task Reading_stops_asking_when_the_reader_stops()
    {
        var requests = 0;
        using var http = new HttpClient(new Handler(_ =>
        {
            requests++;
            return Task.FromResult("""{"duration":"","members":[{"user_id":"u","user":{"id":"u"}}],"next":"more"}""");
        }));
        using var client = Client(http);
        var request = new QueryCallMembersRequest { Type = "default", Id = "a" };

        await foreach (var member in client.Video.QueryCallMembersAllAsync(request))
        {
            Assert.Equal("u", member.UserId);
            break;
        }

        Assert.Equal(1, requests);
    }

    [Fact]
    public async Task A_cursor_that_leads_to_itself_ends_the_list()
    {
        var requests = 0;
        using var http = new HttpClient(new Handler(_ =>
        {
            requests++;
            return Task.FromResult("""{"duration":"","calls":[],"next":"same"}""");
        }));
        using var client = Client(http);

        Assert.Empty(await client.Video.QueryCallsAllAsync().ToListAsync());

        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task Offsets_rise_by_what_came()
    {
        var targets = new List<string>();
        using var http = new HttpClient(new Handler(request =>
        {
            targets.Add(request.RequestUri!.Query);
            var some = """{"type":"like","message_id":"m","user_id":"u","score":1,"custom":{},"created_at":1,"updated_at":1,"user":{"id":"u"}}""";
            return Task.FromResult(targets.Count < 3
                ? $$"""{"duration":"","reactions":[{{some}},{{some}}]}"""
                : """{"duration":"","reactions":[]}""");
        }));
        using var client = Client(http);

        Assert.Equal(4, await client.Chat.GetReactionsAllAsync("m", new GetReactionsQuery { Limit = 2 }).CountAsync());

        Assert.Equal(["?limit=2&offset=0", "?limit=2&offset=2", "?limit=2&offset=4"], targets.Select(t => t.Split("&api_key")[0]));
    }

    [Fact]
    public async Task Searches_go_on_by_the_cursor_inside_their_payload()
    {
        var payloads = new List<string>();
        using var http = new HttpClient(new Handler(request =>
        {
            payloads.Add(RawTarget.Parse(request.RequestUri!.PathAndQuery).Query["payload"]);
            return Task.FromResult(payloads.Count < 3
                ? $$$"""{"duration":"","results":[{"message":null}],"next":"page {{{payloads.Count + 1}}}"}"""
                : """{"duration":"","results":[{}]}""");
        }));
        using var client = Client(http);
        var query = new SearchQuery { Payload = new SearchPayload { FilterConditions = [], Query = "a b", Offset = 5 } };

        Assert.Equal(3, await client.Chat.SearchAllAsync(query).CountAsync());

        Assert.Equal(
            [
                """{"query":"a b","filter_conditions":{},"offset":5}""",
                """{"query":"a b","filter_conditions":{},"next":"page 2"}""",
                """{"query":"a b","filter_conditions":{},"next":"page 3"}""",
            ],
            payloads);
        Assert.Null(query.Payload.Next);
    }

    [Fact]
    public async Task Users_go_on_by_the_offset_inside_their_payload()
    {
        var payloads = new List<string>();
        using var http = new HttpClient(new Handler(request =>
        {
            payloads.Add(RawTarget.Parse(request.RequestUri!.PathAndQuery).Query["payload"]);
            return Task.FromResult(payloads.Count < 3
                ? """{"duration":"","users":[{"id":"a"},{"id":"b"}]}"""
                : """{"duration":"","users":[]}""");
        }));
        using var client = Client(http);
        var query = new QueryUsersQuery { Payload = new QueryUsersPayload { FilterConditions = [], Offset = 10 } };

        Assert.Equal(["a", "b", "a", "b"], await client.Common.QueryUsersAllAsync(query).Select(user => user.Id).ToListAsync());

        Assert.Equal(
            [
                """{"filter_conditions":{},"offset":10}""",
                """{"filter_conditions":{},"offset":12}""",
                """{"filter_conditions":{},"offset":14}""",
            ],
            payloads);
    }

    [Fact]
    public async Task Cursors_of_another_name_are_followed()
    {
        var targets = new List<string>();
        using var http = new HttpClient(new Handler(request =>
        {
            targets.Add(request.RequestUri!.Query.Split("api_key")[0]);
            return Task.FromResult(targets.Count < 2
                ? """{"duration":"","blocklists":[],"next_cursor":"c"}"""
                : """{"duration":"","blocklists":[]}""");
        }));
        using var client = Client(http);

        Assert.Empty(await client.Common.ListBlockListsAllAsync().ToListAsync());

        Assert.Equal(["?", "?cursor=c&"], targets);
    }

    [Fact]
    public void Paging_through_a_payload_needs_one()
    {
        using var http = new HttpClient(new Handler(_ => throw new InvalidOperationException("Nothing was to be sent.")));
        using var client = Client(http);

        Assert.Equal("query.Payload", Assert.Throws<ArgumentException>(() => client.Chat.SearchAllAsync(new SearchQuery())).ParamName);
    }

    private static StreamClient Client(HttpClient http) => new(
        new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test") }, http);

    private sealed class Handler(Func<HttpRequestMessage, Task<string>> answer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            new(HttpStatusCode.OK)
            {
                Content = new StringContent(await answer(request), Encoding.UTF8, "application/json"),
            };
    }
}
