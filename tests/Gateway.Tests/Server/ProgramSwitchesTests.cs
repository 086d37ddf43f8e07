using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Tests.Server;

public sealed class ProgramSwitchesTests
{
    [Theory]
    [InlineData("*")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("::")]
    public async Task Asked_for_its_health_it_says_yes_while_the_gateway_serves_and_no_afterwards(string address)
    {
        (string, string)[] settings = [("Server__Address", address), ("GATEWAY_KEY", "a key of sixteen"), ("PORT", $"{FreePort()}")];
        using var gateway = GatewayProcess.Start(settings);
        await gateway.UrlAsync();

        using (var ready = GatewayProcess.StartWith(["--health"], settings))
        using (var live = GatewayProcess.StartWith(["--health", "live"], settings))
        {
            Assert.Equal((0, ""), (await ready.WaitForExitAsync(), ready.Output));
            Assert.Equal((0, ""), (await live.WaitForExitAsync(), live.Output));
        }

        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        using var gone = GatewayProcess.StartWith(["--health"], settings);
        Assert.Equal(1, await gone.WaitForExitAsync());
        Assert.StartsWith("The gateway is not well: Connection refused", gone.Output);
    }

    [Fact]
    public async Task Asked_for_its_health_it_says_which_part_has_none()
    {
        (string, string)[] settings =
        [
            ("PORT", $"{FreePort()}"), ("STREAM_API_KEY", "app"), ("STREAM_API_SECRET", "secret"), ("STREAM_BASE_URL", "http://127.0.0.1:9"),
        ];
        using var gateway = GatewayProcess.Start(settings);
        await gateway.UrlAsync();

        using var ready = GatewayProcess.StartWith(["--health", "ready"], settings);
        using var live = GatewayProcess.StartWith(["--health", "live"], settings);

        Assert.Equal(1, await ready.WaitForExitAsync());
        Assert.Contains("Stream does not answer.", ready.Output);
        Assert.Equal(0, await live.WaitForExitAsync());
    }

    [Fact]
    public async Task Asked_for_its_health_it_does_not_wait_for_a_gateway_that_hangs()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        using var health = GatewayProcess.StartWith(["--health"], ("PORT", $"{((IPEndPoint)silent.LocalEndpoint).Port}"));

        Assert.Equal(1, await health.WaitForExitAsync());
        Assert.Equal("The gateway is not well: no answer within 5 seconds\n", health.Output);
    }

    [Theory]
    [InlineData(0, "Stream Gateway 0.", "--version")]
    [InlineData(0, "Gateway --health [live|ready]", "--help")]
    [InlineData(0, "Gateway --health [live|ready]", "-h")]
    [InlineData(1, "--health takes live or ready, and nothing else", "--health", "well")]
    [InlineData(1, "Server:Port is 0, so nobody knows where to ask.", "--health")]
    public async Task It_answers_and_does_not_start(int exitCode, string answer, params string[] arguments)
    {
        using var program = GatewayProcess.StartWith(arguments);

        Assert.Equal(exitCode, await program.WaitForExitAsync());
        Assert.Contains(answer, program.Output);
        Assert.DoesNotContain("   at ", program.Output);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
