using System.Globalization;

namespace StreamGateway.Load;

/// <summary>An event reader that is cut again and again while events flow, and must miss and repeat nothing.</summary>
internal static class ResumeScenario
{
    public static async Task<bool> RunAsync(GatewayProcess gateway, int count, CancellationToken cancellationToken)
    {
        using var media = new Media();
        var client = gateway.Client;
        var speech = await media.SpeechAsync(5, cancellationToken);
        var speaker = await client.JoinAsync("resume", "speaker", cancellationToken);
        var listener = await client.JoinAsync("resume", "listener", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var speaking = client.PublishAsync(speaker, speech, loop: true, stop.Token);

        var reader = new EventReader();
        for (var i = 0; i <= count; i++)
        {
            await using var stream = await client.OpenAsync(
                $"v1/sessions/{listener}/events", cancellationToken, reader.LastEventId);
            await reader.ReadAsync(stream, 1 + i % 4, cancellationToken);
        }

        await stop.CancelAsync();
        await speaking.ContinueWith(_ => { }, TaskScheduler.Default);
        Figures.Print("times cut and resumed", count.ToString(CultureInfo.InvariantCulture));
        Figures.Print("events read", reader.Events.ToString(CultureInfo.InvariantCulture));
        Figures.Print("events missing", $"{reader.Missing}; repeated or disordered {reader.Disordered}; gaps told {reader.Gaps}");
        return reader is { Missing: 0, Disordered: 0, Gaps: 0 } && reader.Events > count;
    }
}
