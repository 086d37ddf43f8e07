using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Xunit.Abstractions;

namespace StreamGateway.Tests.Clients;

public sealed class ApiDescriptionTests(ITestOutputHelper output) : IDisposable
{
    private readonly GatewayApplication _gateway = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-types-");

    public void Dispose()
    {
        _gateway.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task It_is_valid_and_a_TypeScript_client_made_of_it_compiles_and_works()
    {
        var address = _gateway.Http.BaseAddress!.ToString().TrimEnd('/');

        var steps = await NodeProgram.RunAsync("openapi/check.mjs", address, _folder.FullName);

        foreach (var (step, got) in steps)
        {
            output.WriteLine($"{step}: {got}");
        }

        var listed = steps["listed"];
        Assert.Equal(420, listed.GetProperty("stream").GetInt32());
        Assert.InRange(listed.GetProperty("all").GetInt32(), 447, 600);
        Assert.Equal(listed.GetProperty("all").GetInt32(), listed.GetProperty("names").GetInt32());
        Assert.Equal(0, listed.GetProperty("bare").GetInt32());
        Assert.True(steps["validated"].GetProperty("valid").GetBoolean(), $"{steps["validated"]}");
        Assert.Equal("[]", steps["compiled"].GetRawText());
        Assert.Equal("""[true,"default:typed",["tess"]]""", steps["video"].GetRawText());
        Assert.Equal("""{"status":501,"code":19}""", steps["feeds"].GetRawText());
        Assert.Equal("""["joined",{"by":"types"},1]""", steps["session"].GetRawText());
        Assert.Equal("\"left\"", steps["left"].GetRawText());
        Assert.Equal("""{"status":404,"code":"session_not_found"}""", steps["problem"].GetRawText());
    }

    [Fact]
    public async Task It_is_kept_once_made()
    {
        using var first = await _gateway.Http.GetAsync("/openapi/v1.json").WithTimeout();
        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await _gateway.Http.SendAsync(again).WithTimeout();

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(new MediaTypeHeaderValue("application/json", "utf-8"), first.Content.Headers.ContentType);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task What_is_read_first_comes_first_and_the_bare_address_leads_there()
    {
        var document = await _gateway.GetAsync("/openapi/v1.json");
        var chapters = document.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()).ToList();
        Assert.Equal(["Sessions", "Media", "Events", "Tokens", "Tickets", "Webhooks", "Operations", "Errors"], chapters.Take(8));

        using var page = await _gateway.Http.GetAsync("/").WithTimeout();
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("/swagger/index.html", page.RequestMessage!.RequestUri!.AbsolutePath);
    }

    [Fact]
    public async Task Events_of_a_union_are_told_apart_by_Streams_own_names()
    {
        var document = await _gateway.GetAsync("/openapi/v1.json");

        var schemas = document.GetProperty("components").GetProperty("schemas");
        var discriminator = schemas.GetProperty("Stream.WHEvent").GetProperty("discriminator");
        Assert.Equal("type", discriminator.GetProperty("propertyName").GetString());
        Assert.Equal(
            "#/components/schemas/Stream.CallEndedEvent", discriminator.GetProperty("mapping").GetProperty("call.ended").GetString());
        Assert.True(schemas.EnumerateObject().Count(schema => schema.Name.StartsWith("Stream.", StringComparison.Ordinal)) >= 1445);
    }
}
