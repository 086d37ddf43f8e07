using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>What the API description bounds, of each operation that is kept, is refused beyond its bound.</summary>
public sealed class BoundsTests
{
    [Fact]
    public async Task Whatever_is_beyond_its_bound_is_refused_by_name()
    {
        await using var stream = await LocalStream.StartAsync();
        await PopulateAsync(stream);
        var spec = ApiDescription.Load();
        var wrong = new List<string>();
        var count = 0;

        foreach (var operation in stream.Served.Keys)
        {
            foreach (var (field, path, query, body) in spec.Violations(operation))
            {
                var answer = await stream.AsServer().Send(operation.Method, $"{path}?user_id=demo{query}", body?.ToJsonString());
                count++;
                var refused = answer.Status is 400 && answer["code"].GetInt32() == 4 || answer.Status is 501;
                if (!refused || !answer.Text("message")!.Contains(field, StringComparison.Ordinal))
                    wrong.Add($"{operation.Id} {field}: {answer.Status} {answer.Json}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(count > 100, $"only {count} bounds were tried");
    }

    /// <summary>Something of the name "demo" for every path.</summary>
    private static async Task PopulateAsync(LocalStream stream)
    {
        var server = stream.AsServer();
        (await server.Post("/users", """{"users":{"demo":{"id":"demo"}}}""")).Ok();
        (await server.Post("/video/call/default/demo", """{"data":{"created_by_id":"demo"}}""")).Ok();
        (await server.Post("/video/calltypes", """{"name":"demo"}""")).Ok();
        (await server.Post("/video/call/demo/demo", """{"data":{"created_by_id":"demo"}}""")).Ok();
        (await server.Post("/usergroups", """{"id":"demo","name":"demo"}""")).Ok();
        (await server.Post("/roles", """{"name":"demo"}""")).Ok();
    }
}
