using System.Text.Json;
using Xunit.Abstractions;

namespace StreamGateway.Tests.Clients;

/// <summary>Stream's own server SDK for Node.js works with the gateway as its base URL.</summary>
public sealed class ServerSdkTests(ITestOutputHelper output)
{
    private const string GatewayKey = "a key of the gateway";

    /// <summary>What the SDK gets at each step, users and calls by the names the program gave them.</summary>
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["upsert users"] = """
            {"users":["jane","joe","mia"],"jane":{"name":"Jane","role":"admin","custom":{"team":"RUN","nested":{"n":1.5}}},
             "created_at_is":"Date","fresh":true,"status":201,"rate_limited":true}
            """,
        ["update a user partially"] = """{"team":"RUN","city":"Zürich"}""",
        ["query users by filter, sort and page"] = """[["mia","joe"],["jane"]]""",
        ["query users by name"] = """["Joe Müller"]""",
        ["deactivate and reactivate a user"] = "[true,false]",
        ["block and unblock a user"] = """[["joe"],[]]""",
        ["create a guest"] = """{"role":"guest","has_token":true}""",
        ["devices"] = """[["firebase"],[]]""",
        ["create a call with members"] = """
            {"cid":"default:call","created":true,"by":"jane","custom":{"room":"RUN","color":"red"},"created_at_is":"Date",
             "members":["jane host","joe user"],"mic":false}
            """,
        ["get it again"] = """{"created":false,"by":"jane"}""",
        ["update it"] = """{"custom":{"color":"blue"},"starts_at":"2031-02-03T04:05:06.789Z"}""",
        ["change members"] = """[{"id":"mia","custom":{"seat":7}}]""",
        ["query members"] = """[["jane","mia"],["mia"]]""",
        ["query calls page by page"] = """[["page-3","page-2"],["page-1"]]""",
        ["block and unblock in a call"] = """[["mia"],[]]""",
        ["grant and revoke a permission"] = "201",
        ["send an event"] = "201",
        ["mute everybody"] = "201",
        ["recordings, transcriptions, participants"] = "[[],[],0]",
        ["go live and stop"] = "[false,true]",
        ["end and delete"] = """{"ended":true,"deleted":"call"}""",
        ["create, update, list and delete a call type"] = """{"grants":["join-call","send-audio"],"listed":true,"builtin":true}""",
        ["a user's token acts as that user"] = "\"joe\"",
        ["a call token opens its call"] = "\"default:token\"",
        ["with a key of the gateway"] = """{"name":"Jane again","cid":"default:key"}""",
        ["delete users"] = """{"status":"completed","left":0}""",
    };

    /// <summary>Errors: the status, Stream's code or the gateway's, and a part of the message.</summary>
    private static readonly Dictionary<string, (int Status, string Code, string Message)> ExpectedErrors = new()
    {
        ["the deleted call is gone"] = (404, "16", "GetCall failed"),
        ["the deleted call type is gone"] = (404, "16", "GetCallType failed"),
        ["a user's token is no server's"] = (403, "17", "DeactivateUser failed"),
        ["an expired token"] = (401, "unauthenticated", "The token has expired."),
        ["a token signed with another secret"] = (401, "unauthenticated", "not signed with this gateway's Stream API secret"),
        ["a call that never was"] = (404, "16", "GetCall failed"),
        ["a call type that never was"] = (404, "16", "nonesuch"),
        ["a call nobody creates"] = (400, "4", "created_by_id"),
        ["an unknown operator"] = (400, "4", "$like"),
        ["an operation of the other products"] = (501, "19", "ListChannelTypes (GET /api/v2/chat/channeltypes)"),
        ["with another key"] = (401, "unauthenticated", "The key is not known."),
    };

    [Fact]
    public async Task Users_tokens_calls_members_queries_and_errors_are_as_at_Stream()
    {
        await using var gateway = new GatewayApplication()
            .With("Auth:Keys:0:Name", "sdk")
            .With("Auth:Keys:0:Key", GatewayKey)
            .With("Auth:Keys:0:Scopes:0", "rest");
        var address = gateway.Http.BaseAddress!.ToString().TrimEnd('/');
        var stream = gateway.Stream.Options;

        var steps = await NodeProgram.RunAsync("sdk/server.mjs", address, stream.ApiKey, stream.ApiSecret, GatewayKey);

        foreach (var (step, got) in steps)
        {
            output.WriteLine($"{step}: {got}");
        }

        Assert.Equal(Expected.Keys.Concat(ExpectedErrors.Keys).Order(), steps.Keys.Order());
        Assert.All(Expected, step => Assert.True(
            JsonElement.DeepEquals(JsonDocument.Parse(step.Value).RootElement, steps[step.Key]), $"{step.Key}: {steps[step.Key]}"));
        Assert.All(ExpectedErrors, step =>
        {
            var got = steps[step.Key];
            Assert.Equal(step.Value.Status, got.GetProperty("status").GetInt32());
            Assert.Equal(step.Value.Code, got.GetProperty("code").ToString());
            Assert.Contains(step.Value.Message, got.GetProperty("message").GetString(), StringComparison.Ordinal);
        });
    }
}
