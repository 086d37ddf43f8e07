using System.Text;
using GetStream;
using GetStream.Tests.Http;
using GetStream.Tests.Spec;
using Xunit.Abstractions;
using StreamGateway.Mirror;

namespace StreamGateway.Tests.Mirror;

public sealed class MirrorOperationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_operation_passes_the_mirror_unchanged()
    {
        await using var server = await CheckingServer.StartAsync();
        await using var host = await MirrorHost.StartAsync(server.Address);
        using var client = new StreamClient(new StreamClientOptions
        {
            ApiKey = "whatever the caller has", ApiSecret = CheckingServer.ApiSecret, BaseUrl = host.Address,
        });
        var random = new Random(2);
        var text = new RandomText(random);
        foreach (var call in OperationCalls.All)
        {
            var samples = new RecordedSamples(() => Sendable(text.Next().Replace('\0', '0')), random);
            server.Expected = (Facts.Server.Operation(call.Product, call.Id), samples);

            var answer = await call.SendAsync(client, samples).WaitAsync(Timeouts.Default);

            Assert.Equal(Encoding.UTF8.GetString(server.LastAnswer), answer);
        }

        output.WriteLine($"{server.Requests}/{Facts.Server.Operations.Count} operations through the mirror");
        Assert.Empty(server.Errors);
        Assert.Equal(420, server.Requests);
    }

    /// <summary>Dots that make a path of a text are the one thing the mirror refuses.</summary>
    private static string Sendable(string text) => new MirrorTarget("/" + Uri.EscapeDataString(text), "").Ambiguity is null
        ? text
        : text.Replace("%2e", "%2d", StringComparison.Ordinal).Replace('.', ',');
}
