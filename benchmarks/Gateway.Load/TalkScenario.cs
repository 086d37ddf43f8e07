using System.Diagnostics;
using System.Globalization;

namespace StreamGateway.Load;

/// <summary>Pairs that speak to each other: continuity of audio and events, and what a session costs.</summary>
internal static class TalkScenario
{
    private static readonly TimeSpan LongestGapAllowed = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PacketDuration = TimeSpan.FromMilliseconds(20);

    public static async Task<bool> RunAsync(
        GatewayProcess gateway, int calls, int seconds, CancellationToken cancellationToken)
    {
        using var media = new Media();
        var client = gateway.Client;
        var speech = await media.SpeechAsync(seconds, cancellationToken);
        var idleBytes = gateway.ResidentBytes;

        var sessions = new List<(string Id, string User)>();
        for (var call = 0; call < calls; call++)
        {
            foreach (var side in (string[])["a", "b"])
            {
                var user = $"{side}{call}";
                sessions.Add((await client.JoinAsync($"talk-{call}", user, cancellationToken), user));
            }
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = sessions.ConvertAll(_ => new EventReader());
        var readers = sessions.Select((session, i) => ReadEventsAsync(client, session.Id, events[i], stop.Token)).ToList();
        var listeners = sessions.ConvertAll(_ => new OggListener());
        var listening = sessions.Select((session, i) =>
            ListenAsync(client, session.Id, Other(session.User), listeners[i], stop.Token)).ToList();

        var processorBefore = gateway.ProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var spoken = sessions.ConvertAll(session => client.PublishAsync(session.Id, speech, loop: false, cancellationToken));
        var peakBytes = await WatchMemoryAsync(gateway, Task.WhenAll(spoken), cancellationToken);
        var wall = Stopwatch.GetElapsedTime(start);
        var processor = gateway.ProcessorTime - processorBefore;

        // Every session leaves; that ends each listener and each event stream by itself.
        await Task.WhenAll(sessions.Select(session => client.LeaveAsync(session.Id, cancellationToken)));
        stop.CancelAfter(TimeSpan.FromSeconds(10));
        await Task.WhenAll(listening);
        await Task.WhenAll(readers);
        return Report(sessions.Count, wall, processor, peakBytes - idleBytes, listeners, events, seconds);
    }

    private static string Other(string user) => (user[0] == 'a' ? "b" : "a") + user[1..];

    private static async Task ReadEventsAsync(
        GatewayClient client, string session, EventReader reader, CancellationToken cancellationToken)
    {
        await using var stream = await client.OpenAsync($"v1/sessions/{session}/events", cancellationToken);
        await reader.ReadAsync(stream, int.MaxValue, cancellationToken);
    }

    private static async Task ListenAsync(
        GatewayClient client, string session, string user, OggListener listener, CancellationToken cancellationToken)
    {
        var path = $"v1/sessions/{session}/tracks/{user}:audio/media?wait_ms=30000";
        await using var stream = await client.OpenAsync(path, cancellationToken);
        await listener.ReadAsync(stream, cancellationToken);
    }

    private static async Task<long> WatchMemoryAsync(
        GatewayProcess gateway, Task speaking, CancellationToken cancellationToken)
    {
        var peak = gateway.ResidentBytes;
        while (await Task.WhenAny(speaking, Task.Delay(1000, cancellationToken)) != speaking)
        {
            peak = Math.Max(peak, gateway.ResidentBytes);
        }

        await speaking;
        return peak;
    }

    private static bool Report(
        int sessions, TimeSpan wall, TimeSpan processor, long bytes,
        List<OggListener> listeners, List<EventReader> events, int seconds)
    {
        var gaps = listeners.Select(listener => listener.LongestGap).ToList();
        var concealed = listeners.Max(listener => listener.LongestConcealedRun) * PacketDuration;
        var cores = processor / wall;
        Figures.Print("sessions", sessions.ToString(CultureInfo.InvariantCulture));
        Figures.Print("wall clock", $"{wall.TotalSeconds:F1} s");
        Figures.Print("processor", $"{cores:F2} cores; {cores * 100 / sessions:F2} % of a core per session");
        Figures.Print("memory above idle", $"{Figures.Mebibytes(bytes)}; {Figures.Mebibytes(bytes / sessions)} per session");
        Figures.PrintPercentiles("longest gap per listener, ms", gaps.Select(gap => gap.TotalMilliseconds));
        Figures.Print("packets heard", $"{listeners.Sum(l => l.Packets)} of {sessions * seconds * 50} ({listeners.Min(l => l.Packets)} at least)");
        Figures.Print("packets concealed", $"{listeners.Sum(l => l.ConcealedPackets)}, longest run {concealed.TotalMilliseconds:F0} ms");
        Figures.Print("events read", $"{events.Sum(e => e.Events)} by {events.Count} readers");
        Figures.Print("events missing", $"{events.Sum(e => e.Missing)}; disordered {events.Sum(e => e.Disordered)}; gaps told {events.Sum(e => e.Gaps)}; streams ended {events.Count(e => e.Ended)}");
        return gaps.Max() <= LongestGapAllowed && concealed <= LongestGapAllowed
            && events.All(e => e is { Missing: 0, Disordered: 0, Gaps: 0, Ended: true });
    }
}
