using System.Net;
using StreamGateway.Errors;

namespace StreamGateway.Tests.Errors;

/// <summary>The list of problems is a promise: what is written, served and thrown must agree.</summary>
public sealed class ProblemListTests
{
    [Fact]
    public void Docs_errors_lists_every_problem_as_it_is()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "errors.md"));

        foreach (var type in ProblemTypes.All.Values)
        {
            Assert.Contains($"| `{type.Code}` | {type.Status} | {type.Title} | {type.Advice} |", page);
        }

        Assert.Equal(ProblemTypes.All.Count, page.Split('\n').Count(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_problem_has_an_error_status_and_says_what_to_do()
    {
        foreach (var type in ProblemTypes.All.Values)
        {
            Assert.InRange(type.Status, 400, 599);
            Assert.Matches("^[a-z_]+$", type.Code);
            Assert.NotEmpty(type.Title);
            Assert.EndsWith(".", type.Advice);
        }
    }

    [Fact]
    public async Task The_service_has_a_problem_for_what_it_does_not_serve_and_explains_it()
    {
        using var gateway = new GatewayApplication();
        using var unknown = await gateway.Http.GetAsync("/nothing/here").WithTimeout();
        using var method = await gateway.Http.PutAsync("/v1/sessions", null).WithTimeout();
        using var type = await gateway.Http.PostAsync("/v1/sessions", new StringContent("x")).WithTimeout();

        var problem = await unknown.HasCodeAsync(HttpStatusCode.NotFound, "route_not_found");
        await method.HasCodeAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        await type.HasCodeAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        var explained = await gateway.GetAsync(problem.GetProperty("type").GetString()!);
        Assert.Equal("route_not_found", explained.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_problem_belongs_to_the_trace_of_the_client()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        using var gateway = new GatewayApplication();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/nothing/here");
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");

        using var response = await gateway.Http.SendAsync(request).WithTimeout();

        var problem = await response.HasCodeAsync(HttpStatusCode.NotFound, "route_not_found");
        Assert.Equal(trace, problem.GetProperty("trace_id").GetString());
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Gateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
