using System.Diagnostics;
using System.Text.Json;

namespace StreamGateway.Load;

/// <summary>How long a join takes for the HTTP client, and in which phase.</summary>
internal static class JoinScenario
{
    private static readonly string[] Phases =
        ["coordinator_ms", "signaling_ms", "total_ms", "ice_ms", "dtls_ms", "first_packet_ms"];

    public static async Task<bool> RunAsync(GatewayProcess gateway, int count, CancellationToken cancellationToken)
    {
        using var media = new Media();
        var client = gateway.Client;
        var speech = await media.SpeechAsync(5, cancellationToken);
        var speaker = await client.JoinAsync("join", "speaker", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var speaking = client.PublishAsync(speaker, speech, loop: true, stop.Token);

        var times = new List<double>();
        var phases = Phases.ToDictionary(phase => phase, _ => new List<double>());
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var session = await client.JoinAsync("join", $"listener-{i}", cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await NotePhasesAsync(client, session, phases, cancellationToken);
            await client.LeaveAsync(session, cancellationToken);
        }

        await stop.CancelAsync();
        await speaking.ContinueWith(_ => { }, TaskScheduler.Default);
        Figures.PrintPercentiles("join over HTTP, ms", times);
        foreach (var phase in Phases)
        {
            Figures.PrintPercentiles($"  {phase}", phases[phase]);
        }

        return true;
    }

    private static async Task NotePhasesAsync(
        GatewayClient client, string session, Dictionary<string, List<double>> phases, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(10));
        JsonElement timing;
        do
        {
            await Task.Delay(20, deadline.Token);
            var stats = await client.GetAsync($"v1/sessions/{session}/stats", deadline.Token);
            timing = stats.GetProperty("join_timing");
        }
        while (!(timing.TryGetProperty("first_packet_ms", out var first) && first.GetDouble() > 0));

        foreach (var (phase, values) in phases)
        {
            values.Add(timing.TryGetProperty(phase, out var value) ? value.GetDouble() : 0);
        }
    }
}
