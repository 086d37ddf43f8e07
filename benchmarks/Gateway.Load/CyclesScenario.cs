using System.Globalization;
using System.Text.Json;

namespace StreamGateway.Load;

/// <summary>What many joins and leaves leave behind: handles, goroutines, threads, memory.</summary>
internal static class CyclesScenario
{
    private const int WarmUp = 100;
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromSeconds(60);

    public static async Task<bool> RunAsync(GatewayProcess gateway, int count, CancellationToken cancellationToken)
    {
        using var media = new Media();
        var speech = await media.SpeechAsync(1, cancellationToken);
        var client = gateway.Client;
        var first = await TablesAsync(client, cancellationToken);
        var firstThreads = gateway.Threads;
        long warmBytes = 0, warmThreads = 0;
        var series = new List<string>();
        for (var i = 0; i < count; i++)
        {
            if (i == WarmUp)
            {
                (warmBytes, warmThreads) = (gateway.ResidentBytes, gateway.Threads);
            }

            if (i % Math.Max(1, count / 10) == 0)
            {
                series.Add(Figures.Mebibytes(gateway.ResidentBytes));
            }

            await CycleAsync(client, i, i % 10 == 0 ? speech : null, cancellationToken);
        }

        var lastBytes = gateway.ResidentBytes;
        var growth = (lastBytes - warmBytes) * 100.0 / warmBytes;
        var last = await SettleAsync(gateway, first, firstThreads, cancellationToken);
        Figures.Print("cycles", count.ToString(CultureInfo.InvariantCulture));
        Figures.Print("tables before", first.ToString());
        Figures.Print("tables after", last.ToString());
        Figures.Print("threads", $"{firstThreads} at start, {warmThreads} after {WarmUp}, {gateway.Threads} at the end");
        Figures.Print("memory", $"{Figures.Mebibytes(warmBytes)} after {WarmUp}, {Figures.Mebibytes(lastBytes)} at the end: {growth:F1} %");
        Figures.Print("memory, every tenth", string.Join(", ", series));
        return growth < 5 && Number(last, "sessions") == 0 && Number(last, "sources") == 0
            && Number(last, "sinks") == 0 && Number(last, "goroutines") <= Number(first, "goroutines");
    }

    /// <summary>Two join; when there is speech one says it and the other hears it; both leave.</summary>
    private static async Task CycleAsync(GatewayClient client, int i, string? speech, CancellationToken cancellationToken)
    {
        var a = await client.JoinAsync($"cycle-{i}", "a", cancellationToken);
        if (speech is not null)
        {
            var b = await client.JoinAsync($"cycle-{i}", "b", cancellationToken);
            await client.PublishAsync(a, speech, loop: false, cancellationToken);
            await client.LeaveAsync(b, cancellationToken);
        }

        await client.LeaveAsync(a, cancellationToken);
    }

    /// <summary>Waits until idle connections and idle threads are given back, or the deadline.</summary>
    private static async Task<JsonElement> SettleAsync(
        GatewayProcess gateway, JsonElement first, long threads, CancellationToken cancellationToken)
    {
        var deadline = DateTime.UtcNow + SettleDeadline;
        while (true)
        {
            var tables = await TablesAsync(gateway.Client, cancellationToken);
            var settled = Number(tables, "goroutines") <= Number(first, "goroutines") && gateway.Threads <= threads;
            if (settled || DateTime.UtcNow > deadline)
            {
                return tables;
            }

            await Task.Delay(500, cancellationToken);
        }
    }

    private static async Task<JsonElement> TablesAsync(GatewayClient client, CancellationToken cancellationToken) =>
        (await client.GetAsync("v1/native", cancellationToken)).GetProperty("tables");

    private static long Number(JsonElement tables, string name) => tables.GetProperty(name).GetInt64();
}
