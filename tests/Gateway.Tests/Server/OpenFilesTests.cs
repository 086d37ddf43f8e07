using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace StreamGateway.Tests.Server;

/// <summary>A gateway that may have few open files.</summary>
public sealed class OpenFilesTests
{
    [Fact]
    public async Task Too_few_to_start_with_are_a_sentence()
    {
        using var gateway = GatewayProcess.StartWithOpenFiles(256);

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("The gateway cannot start. The process may have 256 open files and needs 380 to begin with", gateway.Output);
        Assert.DoesNotContain("   at ", gateway.Output);
    }

    [Theory]
    [InlineData(400, 300)]
    [InlineData(1_024, 1_000)]
    public async Task Idle_connections_end_neither_the_process_nor_its_calls(int limit, int connections)
    {
        using var gateway = GatewayProcess.StartWithOpenFiles(limit);
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        using var first = await JoinAsync(http, "first");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        var running = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();

        using (await IdleConnections.OpenAsync(http.BaseAddress!, connections))
        {
            for (var i = 0; i < 40; i++)
            {
                using var answer = await JoinAsync(http, $"user-{i}");
                using var health = await http.GetAsync("/health/live").WithTimeout();
                Assert.Equal(HttpStatusCode.OK, health.StatusCode);
                if (answer.StatusCode != HttpStatusCode.Created)
                {
                    var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
                    Assert.Contains(problem.GetProperty("code").GetString(), (string[])["capacity_exceeded", "resources_exhausted"]);
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                    Assert.NotNull(answer.Headers.RetryAfter);
                }
            }
        }

        var session = await http.GetFromJsonAsync<JsonElement>($"/v1/sessions/{running}").WithTimeout();
        Assert.Equal("joined", session.GetProperty("state").GetString());
        Assert.Equal(0, session.GetProperty("reconnects").GetInt32());
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Contains($"The process may have {limit} open files: enough for ", gateway.Output);
    }

    private static Task<HttpResponseMessage> JoinAsync(HttpClient http, string user) =>
        http.PostAsync(
            "/v1/sessions",
            new StringContent($$"""{"call_type":"default","call_id":"few","user_id":"{{user}}"}""", Encoding.UTF8, "application/json"))
            .WithTimeout();
}
