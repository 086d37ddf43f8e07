using System.Text.Json.Nodes;
using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

/// <summary>Filters as Stream spells them, over calls, their members and users.</summary>
public sealed class QueryTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private LocalStream _stream = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync(clock: _clock);
        await _stream.AsServer().Post("/users", """
            {"users":{"ann":{"id":"ann","name":"Ann Smith","teams":["red","blue"]},"ben":{"id":"ben","name":"Ben","teams":["red"]},"cat":{"id":"cat"}}}
            """);
        foreach (var (id, creator, data) in new[]
        {
            ("a1", "ann", """ "team":"red","custom":{"n":1,"deep":{"tags":["x","y"]}},"members":[{"user_id":"ann","role":"host"},{"user_id":"ben"}] """),
            ("b2", "ben", """ "custom":{"n":2.5,"text":"Green Tea"},"members":[{"user_id":"ben"}] """),
            ("c3", "cat", """ "starts_at":"2026-02-01T00:00:00Z","custom":{"flag":true} """),
        })
        {
            (await _stream.AsServer().Post($"/video/call/default/{id}", $$"""{"data":{"created_by_id":"{{creator}}",{{data}}} }""")).Ok();
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        await _stream.AsServer().Post("/video/call/default/c3/mark_ended");
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Theory]
    [InlineData("""{"id":"a1"}""", "a1")]
    [InlineData("""{"id":{"$eq":"a1"}}""", "a1")]
    [InlineData("""{"id":{"$ne":"a1"}}""", "b2 c3")]
    [InlineData("""{"cid":{"$in":["default:a1","default:c3","default:zz"]}}""", "a1 c3")]
    [InlineData("""{"id":{"$nin":["a1","b2"]}}""", "c3")]
    [InlineData("""{"id":{"$gt":"a1","$lte":"b2"}}""", "b2")]
    [InlineData("""{"created_at":{"$gte":"2026-01-01T12:01:00Z"}}""", "b2 c3")]
    [InlineData("""{"created_at":{"$lt":"2026-01-01T12:01:00Z"}}""", "a1")]
    [InlineData("""{"created_at":{"$gt":"2026-01-01T13:01:00+01:00"}}""", "c3")]
    [InlineData("""{"team":{"$exists":true}}""", "a1")]
    [InlineData("""{"team":{"$exists":false}}""", "b2 c3")]
    [InlineData("""{"ended_at":{"$exists":true}}""", "c3")]
    [InlineData("""{"starts_at":{"$exists":true}}""", "c3")]
    [InlineData("""{"members":{"$in":["ben"]}}""", "a1 b2")]
    [InlineData("""{"members":{"$contains":"ann"}}""", "a1")]
    [InlineData("""{"members":{"$eq":["ben","ann"]}}""", "a1")]
    [InlineData("""{"created_by_user_id":"ben"}""", "b2")]
    [InlineData("""{"ongoing":true}""", "")]
    [InlineData("""{"backstage":false}""", "a1 b2 c3")]
    [InlineData("""{"custom.n":{"$gte":1.5}}""", "b2")]
    [InlineData("""{"custom.flag":true}""", "c3")]
    [InlineData("""{"custom.deep.tags":{"$contains":"y"}}""", "a1")]
    [InlineData("""{"custom.text":{"$autocomplete":"te"}}""", "b2")]
    [InlineData("""{"custom.text":{"$q":"green t"}}""", "b2")]
    [InlineData("""{"$or":[{"id":"a1"},{"id":"c3"}]}""", "a1 c3")]
    [InlineData("""{"$and":[{"members":{"$in":["ben"]}},{"id":{"$ne":"a1"}}]}""", "b2")]
    [InlineData("""{"$nor":[{"id":"a1"},{"id":"c3"}]}""", "b2")]
    [InlineData("""{}""", "a1 b2 c3")]
    public async Task Calls_are_found_by_every_operator(string filter, string ids)
    {
        var found = (await _stream.Client.Video.QueryCallsAsync(new QueryCallsRequest
        {
            FilterConditions = (JsonObject)JsonNode.Parse(filter)!,
            Sort = [new SortParamRequest { Field = "created_at", Direction = 1 }],
        })).Data.Calls;

        Assert.Equal(ids, string.Join(' ', found.Select(state => state.Call.Id)));
    }

    [Theory]
    [InlineData("""{"colour":"red"}""", "colour")]
    [InlineData("""{"custom.":1}""", "custom.")]
    [InlineData("""{"id":{"$regex":"a"}}""", "$regex")]
    [InlineData("""{"$not":[{"id":"a1"}]}""", "$not")]
    [InlineData("""{"ongoing":{"$gt":true}}""", "ongoing $gt")]
    [InlineData("""{"created_at":{"$autocomplete":"2"}}""", "created_at $autocomplete")]
    [InlineData("""{"members":{"$q":"a"}}""", "members $q")]
    [InlineData("""{"id":{"$contains":"a"}}""", "id $contains")]
    [InlineData("""{"id":{"$in":"a1"}}""", "id $in")]
    [InlineData("""{"id":7}""", "id $eq")]
    [InlineData("""{"created_at":{"$gt":null}}""", "created_at $gt")]
    [InlineData("""{"$or":[]}""", "$or")]
    [InlineData("""{"$and":[1]}""", "$and")]
    [InlineData("""{"team":{"$exists":"yes"}}""", "team $exists")]
    public async Task A_filter_that_cannot_be_is_refused_by_name(string filter, string part)
    {
        var refused = await Assert.ThrowsAsync<StreamApiException>(() => _stream.Client.Video.QueryCallsAsync(
            new QueryCallsRequest { FilterConditions = (JsonObject)JsonNode.Parse(filter)! }));

        Assert.Equal((400, 4), (refused.Status, refused.Code));
        Assert.Contains(part, refused.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_and_users_take_the_same_filters()
    {
        var members = (await _stream.Client.Video.QueryCallMembersAsync(new QueryCallMembersRequest
        {
            Type = "default", Id = "a1", FilterConditions = new JsonObject { ["role"] = new JsonObject { ["$ne"] = "host" } },
        })).Data.Members;
        var users = (await _stream.Client.Common.QueryUsersAsync(new QueryUsersQuery
        {
            Payload = new QueryUsersPayload
            {
                FilterConditions = new JsonObject { ["teams"] = new JsonObject { ["$contains"] = "red" } },
                Sort = [new SortParamRequest { Field = "name", Direction = -1 }],
            },
        })).Data.Users;

        Assert.Equal(["ben"], members.Select(member => member.UserId));
        Assert.Equal(["ben", "ann"], users.Select(user => user.Id));
    }

    [Fact]
    public async Task A_sort_of_two_fields_breaks_ties_with_the_second()
    {
        await _stream.AsServer().Post("/video/call/default/d4", """{"data":{"created_by_id":"ann","custom":{"n":1}}}""");

        var found = (await _stream.Client.Video.QueryCallsAsync(new QueryCallsRequest
        {
            FilterConditions = new JsonObject { ["custom.n"] = new JsonObject { ["$exists"] = true } },
            Sort = [new SortParamRequest { Field = "custom.n", Direction = 1 }, new SortParamRequest { Field = "created_at", Direction = -1 }],
        })).Data.Calls;

        Assert.Equal(["d4", "a1", "b2"], found.Select(state => state.Call.Id));
    }
}
