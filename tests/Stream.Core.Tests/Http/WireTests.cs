using System.Net;
using System.Text;
using GetStream.Models;

namespace GetStream.Tests.Http;

/// <summary>How requests look on the wire, character by character, where other clients go wrong.</summary>
public sealed class WireTests
{
    private const string Call = """{"duration":"1ms","call":{},"members":[],"own_capabilities":[]}""";

    public static TheoryData<string, Func<StreamClient, Task>> Targets => new()
    {
        {
            "/api/v2/video/call/default/..%2F..%2Fx%3Fy%3D1%23z?members_limit=10&ring=true&notify=false",
            client => client.Video.Call("default", "../../x?y=1#z").GetAsync(
                new GetCallQuery { MembersLimit = 10, Ring = true, Notify = false })
        },
        {
            "/api/v2/chat/channels/messaging/a/messages?ids=1%2C2%2C3",
            client => client.Chat.Channel("messaging", "a").GetManyMessagesAsync(new GetManyMessagesQuery { Ids = ["1", "2", "3"] })
        },
        {
            "/api/v2/chat/channels/messaging/a/pinned_messages?pinned_at_after=2025-01-31T12%3A00%3A00.123456789%2B02%3A00",
            client => client.Chat.Channel("messaging", "a").GetPinnedMessagesAsync(
                new GetPinnedMessagesQuery { PinnedAtAfter = StreamTime.Parse("2025-01-31T12:00:00.123456789+02:00") })
        },
        {
            "/api/v2/chat/messages/m/replies?sort=%5B%7B%22field%22%3A%22created_at%22%2C%22direction%22%3A-1%7D%5D",
            client => client.Chat.GetRepliesAsync(
                "m", new GetRepliesQuery { Sort = [new SortParamRequest { Field = "created_at", Direction = -1 }] })
        },
        {
            "/api/v2/users?payload=%7B%22filter_conditions%22%3A%7B%22id%22%3A%22%C3%BC%22%7D%7D",
            client => client.Common.QueryUsersAsync(
                new QueryUsersQuery { Payload = new QueryUsersPayload { FilterConditions = new() { ["id"] = "ü" } } })
        },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Addresses_are_spelled_as_the_API_spells_them(string expected, Func<StreamClient, Task> send)
    {
        var seen = "";
        using var http = new HttpClient(new Handler(request => seen = request.RequestUri!.PathAndQuery));
        using var client = Client(http);

        // What the canned answer lacks is not looked at here.
        _ = await Record.ExceptionAsync(() => send(client));

        Assert.Equal(expected + (expected.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "api_key=key", seen);
    }

    [Fact]
    public async Task The_server_token_is_signed_once_and_sent_with_every_call()
    {
        var tokens = new List<string>();
        using var http = new HttpClient(new Handler(request => tokens.Add(request.Headers.GetValues("Authorization").Single())));
        using var client = Client(http);

        for (var i = 0; i < 3; i++)
        {
            _ = await Record.ExceptionAsync(() => client.Video.GetCallAsync("default", "a"));
        }

        Assert.Equal(3, tokens.Count);
        Assert.All(tokens, token => Assert.Same(tokens[0], token));
    }

    private static StreamClient Client(HttpClient http) => new(
        new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test") }, http);

    private sealed class Handler(Action<HttpRequestMessage> look) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            look(request);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(Call, Encoding.UTF8, "application/json"),
            });
        }
    }
}
