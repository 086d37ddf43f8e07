using System.Diagnostics;
using System.Net.WebSockets;
using System.Runtime.InteropServices;

namespace StreamGateway.Load;

/// <summary>Two voice sockets in one call: how long a sound takes from one to the other, and how soon a flush silences it.</summary>
internal static class VoiceScenario
{
    private const int Rate = 16_000;
    private const int FrameSamples = Rate / 50;
    private const int Loud = 2_000;
    private const double MouthToEarAllowed = 150;
    private const double BargeInAllowed = 60;
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(20);
    private static readonly byte[] Tone = MakeTone(FrameSamples);
    private static readonly byte[] Silence = new byte[2 * FrameSamples];

    public static async Task<bool> RunAsync(GatewayProcess gateway, int count, CancellationToken cancellationToken)
    {
        var client = gateway.Client;
        var speaker = await client.JoinAsync("voice", "speaker", cancellationToken);
        var listener = await client.JoinAsync("voice", "listener", cancellationToken);
        using var mouth = await client.ConnectAsync($"v1/sessions/{speaker}/audio/socket?rate={Rate}", cancellationToken);
        using var other = await client.ConnectAsync($"v1/sessions/{listener}/audio/socket?rate={Rate}", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ear = new Ear();
        var hearing = ear.ListenAsync(other, stop.Token);
        var draining = new Ear().ListenAsync(mouth, stop.Token);

        var latencies = new List<double>();
        for (var i = 0; i < count; i++)
        {
            latencies.Add(await BurstAsync(mouth, ear, cancellationToken));
        }

        var silences = new List<double>();
        for (var i = 0; i < Math.Max(1, count / 4); i++)
        {
            silences.Add(await BargeInAsync(mouth, ear, cancellationToken));
        }

        await stop.CancelAsync();
        await Task.WhenAll(IgnoreAsync(hearing), IgnoreAsync(draining));
        await client.LeaveAsync(speaker, cancellationToken);
        await client.LeaveAsync(listener, cancellationToken);
        latencies.RemoveAt(0); // the connections were still being made
        Figures.PrintPercentiles("mouth to ear, ms", latencies);
        Figures.PrintPercentiles("silent after a flush, ms", silences);
        return Figures.Percentile(latencies, 0.95) <= MouthToEarAllowed && Figures.Percentile(silences, 0.95) <= BargeInAllowed;
    }

    /// <summary>Speaks for 200 ms, frame by frame as a microphone would, between silences.</summary>
    private static async Task<double> BurstAsync(WebSocket mouth, Ear ear, CancellationToken cancellationToken)
    {
        using var clock = new PeriodicTimer(FrameTime);
        for (var i = 0; i < 25; i++)
        {
            await mouth.SendAsync(Silence, WebSocketMessageType.Binary, true, cancellationToken);
            await clock.WaitForNextTickAsync(cancellationToken); // else the sound would be given 20 ms ahead of its time
        }

        var sent = Stopwatch.GetTimestamp();
        var heard = ear.NextSoundAsync(sent);
        for (var i = 0; i < 10; i++)
        {
            await mouth.SendAsync(Tone, WebSocketMessageType.Binary, true, cancellationToken);
            await clock.WaitForNextTickAsync(cancellationToken);
        }

        var at = await heard.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
        return Stopwatch.GetElapsedTime(sent, at).TotalMilliseconds;
    }

    /// <summary>Gives three seconds of speech at once, and takes them back once they are heard.</summary>
    private static async Task<double> BargeInAsync(WebSocket mouth, Ear ear, CancellationToken cancellationToken)
    {
        await Task.Delay(500, cancellationToken);
        var heard = ear.NextSoundAsync(Stopwatch.GetTimestamp());
        await mouth.SendAsync(MakeTone(3 * Rate), WebSocketMessageType.Binary, true, cancellationToken);
        await heard.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
        await Task.Delay(500, cancellationToken);

        var flushed = Stopwatch.GetTimestamp();
        await mouth.SendAsync("""{"type":"flush"}"""u8.ToArray(), WebSocketMessageType.Text, true, cancellationToken);
        await Task.Delay(500, cancellationToken);
        return ear.LastSound <= flushed ? 0 : Stopwatch.GetElapsedTime(flushed, ear.LastSound).TotalMilliseconds;
    }

    private static byte[] MakeTone(int samples)
    {
        var tone = new short[samples];
        for (var i = 0; i < samples; i++)
        {
            tone[i] = (short)(12_000 * Math.Sin(2 * Math.PI * 500 * i / Rate));
        }

        return MemoryMarshal.AsBytes<short>(tone).ToArray();
    }

    private static async Task IgnoreAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException)
        {
            // Listening ends by being stopped.
        }
    }

    /// <summary>Listens to a socket and notes when there is sound.</summary>
    private sealed class Ear
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource<long>? _next;
        private long _after;

        public long LastSound { get; private set; }

        /// <summary>When the first sound after a moment came.</summary>
        public Task<long> NextSoundAsync(long after)
        {
            lock (_lock)
            {
                _after = after;
                _next = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
                return _next.Task;
            }
        }

        public async Task ListenAsync(WebSocket socket, CancellationToken cancellationToken)
        {
            var buffer = new byte[64 * 1024];
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                var samples = MemoryMarshal.Cast<byte, short>(buffer.AsSpan(0, received.Count & ~1));
                if (received.MessageType == WebSocketMessageType.Binary && IsLoud(samples))
                {
                    Note(Stopwatch.GetTimestamp());
                }
            }
        }

        private void Note(long now)
        {
            lock (_lock)
            {
                LastSound = now;
                if (now > _after)
                {
                    _next?.TrySetResult(now);
                }
            }
        }

        private static bool IsLoud(ReadOnlySpan<short> samples)
        {
            foreach (var sample in samples)
            {
                if (sample is > Loud or < -Loud)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
