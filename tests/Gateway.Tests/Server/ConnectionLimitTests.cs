using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using StreamGateway.Tests.Mirror;

namespace StreamGateway.Tests.Server;

[Collection(MetricsCollection.Name)]
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task Connections_that_say_nothing_give_way_to_those_that_ask()
    {
        using var gateway = new GatewayApplication().With("Server:MaxConnections", "16");
        using var idle = await IdleConnections.OpenAsync(gateway.Http.BaseAddress!, 100);

        for (var i = 0; i < 10; i++)
        {
            using var newcomer = new HttpClient { BaseAddress = gateway.Http.BaseAddress };
            using var answer = await newcomer.GetAsync("/health/live").WithTimeout();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.True(await ReadMetricAsync(gateway, "gateway_connections_ended_total{reason=\"room\"}") >= 80);
        Assert.True(await ReadMetricAsync(gateway, "gateway_connections_open") <= 20);
        Assert.Equal(16, await ReadMetricAsync(gateway, "gateway_connections_limit"));
    }

    [Fact]
    public async Task A_connection_too_many_is_told_so_when_all_are_in_use()
    {
        using var gateway = new GatewayApplication().With("Server:MaxConnections", "16");
        var busy = new List<RawClient>();
        for (var i = 0; i < 16; i++)
        {
            busy.Add(await RawClient.ConnectAsync(gateway.Http.BaseAddress!));
            await busy[i].WriteAsync(
                "POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
            await busy[i].ReadUntilAsync("100 Continue");
        }

        using var newcomer = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
        await newcomer.WriteAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var answer = await newcomer.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n", answer);
        Assert.Contains("\r\nRetry-After: 5\r\n", answer);
        Assert.Contains("\"code\":\"capacity_exceeded\"", answer);

        busy.ForEach(client => client.Dispose());
        await Eventually.GetAsync(async () =>
        {
            using var next = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
            await next.WriteAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            return await next.ReadToEndAsync();
        }, text => text.StartsWith("HTTP/1.1 200 OK", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /health/live HTTP/1.1\r\nHost:")]
    public async Task A_connection_without_a_whole_request_is_closed_in_seconds(string beginning)
    {
        using var gateway = new GatewayApplication().With("Server:HeaderTimeout", "00:00:01");
        using var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
        await client.WriteAsync(beginning);

        var answer = await Record.ExceptionAsync(() => client.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.False(answer is TimeoutException, "It is still open after ten seconds.");
    }

    private static async Task<double> ReadMetricAsync(GatewayApplication gateway, string name)
    {
        var metrics = await gateway.Http.GetStringAsync("/metrics").WithTimeout();
        var line = Regex.Match(metrics, $"^{Regex.Escape(name)} (.*)$", RegexOptions.Multiline);
        Assert.True(line.Success, $"There is no {name}.");
        return double.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
