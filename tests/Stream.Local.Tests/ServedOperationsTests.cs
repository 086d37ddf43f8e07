using GetStream.Http;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>The tables of served operations in the documentation are the ones in the code.</summary>
public sealed class ServedOperationsTests
{
    private const string Begin = "<!-- operations: written by ServedOperationsTests with UPDATE_DOCS=1 -->";

    [Theory]
    [InlineData("docs/local-stream.md", true)]
    [InlineData("README.md", false)]
    public async Task Documentation_lists_what_is_served(string file, bool whole)
    {
        await using var stream = await LocalStream.StartAsync();
        var path = ServedOperationsDocument.PathOf(file);
        var document = await File.ReadAllTextAsync(path);
        var part = whole ? ServedOperationsDocument.Whole(stream.Served) : ServedOperationsDocument.Summary(stream.Served);
        var current = ServedOperationsDocument.Renewed(document, Begin, part);

        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, current);

        Assert.Equal(current, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task What_is_not_served_answers_501_and_names_itself_and_the_reason()
    {
        await using var stream = await LocalStream.StartAsync();
        var notServed = ApiOperations.All.Concat(ApiOperations.ClientSide).Except(stream.Served.Keys).ToList();
        Assert.NotEmpty(notServed);

        foreach (var operation in notServed)
        {
            var path = operation.Path["/api/v2".Length..].Replace('{', 'x').Replace('}', 'x');
            var answer = await stream.AsServer().Send(operation.Method, path, null);

            answer.Refused(501, 19, operation.Id);
            Assert.Contains("is not served by the embedded Stream: ", answer.Text("message"), StringComparison.Ordinal);
            Assert.True(answer["unrecoverable"].GetBoolean());
            Assert.Single(answer.Headers.GetValues("X-RateLimit-Remaining"));
        }
    }
}
