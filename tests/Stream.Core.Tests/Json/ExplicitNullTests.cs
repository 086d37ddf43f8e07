using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Json;
using GetStream.Models;
using GetStream.Tests.Spec;
using Xunit.Abstractions;

namespace GetStream.Tests.Json;

public sealed class ExplicitNullTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_nullable_field_tells_null_from_absent()
    {
        var samples = new SampleWriter(Facts.Server, new SampleOptions(RequiredOnly: true));
        var count = 0;
        foreach (var (name, type) in Facts.Server.Types)
        {
            foreach (var field in Facts.Items(type, "fields").Where(field => Facts.Flag(field, "nullable")))
            {
                var absent = JsonNode.Parse(samples.Write(name))!.AsObject();
                Assert.Equal(absent.ToJsonString(), Rewrite(name, absent).ToJsonString());

                var cleared = absent.DeepClone().AsObject();
                cleared[field.GetProperty("name").GetString()!] = null;
                Assert.True(JsonNode.DeepEquals(cleared, Rewrite(name, cleared)), $"{name}: {cleared}");
                count++;
            }
        }

        output.WriteLine($"{count}/9 nullable fields");
        Assert.Equal(9, count);
    }

    [Fact]
    public void A_message_is_pinned_unpinned_or_left_alone()
    {
        StreamTime at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        Assert.Equal("""{"pinned_at":"2026-01-02T03:04:05Z"}""", StreamJson.Serialize(new MessageRequest { PinnedAt = at }));
        Assert.Equal("""{"pinned_at":null}""", StreamJson.Serialize(new MessageRequest { PinnedAt = OrNull<StreamTime>.Null }));
        Assert.Equal("{}", StreamJson.Serialize(new MessageRequest()));
        Assert.Equal(at, StreamJson.Deserialize<MessageRequest>("""{"pinned_at":"2026-01-02T03:04:05Z"}""").PinnedAt?.Value);
        Assert.Equal(OrNull<StreamTime>.Null, StreamJson.Deserialize<MessageRequest>("""{"pinned_at":null}""").PinnedAt);
        Assert.Null(StreamJson.Deserialize<MessageRequest>("{}").PinnedAt);
    }

    private static JsonNode Rewrite(string name, JsonObject json)
    {
        var model = StreamJson.ModelTypes.Single(type => type.Name == name);
        var info = StreamJson.Options.GetTypeInfo(model);
        var read = JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(json.ToJsonString()), info);
        return JsonSerializer.SerializeToNode(read, info)!;
    }
}
