using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamGateway.Events;
using StreamGateway.Tests.Events;

namespace StreamGateway.Tests.Stories;

/// <summary>Clients that were sent much and then take nothing, or hardly anything.</summary>
public sealed class StalledClientTests
{
    private const int SentFirst = 1024 * 1024;
    private static readonly TimeSpan Setting = TimeSpan.FromSeconds(5);

    // What lies in the buffers of both kernels must fill before a stall shows.
    private static readonly TimeSpan Latest = Setting + TimeSpan.FromSeconds(7);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_reader_is_cut_off_after_the_setting(bool drips)
    {
        await using var host = await EventStreamHost.StartAsync(
            new EventJournal(maxEvents: 4_096, maxBytes: int.MaxValue), ("Events:StalledReaderTimeout", "00:00:05"));
        using var publishing = new CancellationTokenSource();
        var published = PublishAsync(host.Journal, publishing.Token);
        using var reader = await OpenAsync(host.Client.BaseAddress!, "/events");

        var cut = await StallAsync(reader, drips, () => host.Readers == 0);

        await publishing.CancelAsync();
        await published;
        Assert.InRange(cut, Setting - TimeSpan.FromSeconds(1), Latest);
    }

    [Theory]
    [InlineData("/audio", "audio/l16;rate=192000;channels=2")]
    [InlineData("/tracks/alice:audio/media?wait_ms=20000", "audio/l16;rate=192000;channels=2")]
    public async Task A_listener_is_cut_off_after_the_setting(string path, string format)
    {
        using var gateway = new GatewayApplication()
            .With("Audio:StalledListenerTimeout", "00:00:05").With("Tracks:StalledListenerTimeout", "00:00:05");
        var alice = await gateway.JoinAsync("stall", "alice");
        var bob = await gateway.JoinAsync("stall", "bob");
        var talk = gateway.PublishAsync(alice, "voice?loop=true", new ByteArrayContent(await Speech.OggAsync()));
        using var listener = await OpenAsync(gateway.Http.BaseAddress!, $"/v1/sessions/{bob}{path}", format);

        var cut = await StallAsync(listener, drips: false, () => gateway.Engine.ReadTables().Sinks == 0);

        Assert.InRange(cut, Setting - TimeSpan.FromSeconds(1), Latest);
        await gateway.LeaveAsync(bob);
        await gateway.LeaveAsync(alice);
        (await talk).Dispose();
    }

    /// <summary>Takes the first megabyte as it comes, then nothing, or a byte every half second; answers when it was cut off.</summary>
    private static async Task<TimeSpan> StallAsync(Socket client, bool drips, Func<bool> isCut)
    {
        var buffer = new byte[64 * 1024];
        for (var left = SentFirst; left > 0;)
        {
            var count = await client.ReceiveAsync(buffer).WithTimeout();
            Assert.True(count > 0, "The stream has ended.");
            left -= count;
        }

        var stalledAt = Stopwatch.GetTimestamp();
        while (!isCut())
        {
            Assert.True(Stopwatch.GetElapsedTime(stalledAt) < Timeouts.Default, "It was never cut off.");
            await Task.Delay(500);
            if (drips && client.Poll(0, SelectMode.SelectRead))
            {
                await client.ReceiveAsync(buffer.AsMemory(0, 1));
            }
        }

        return Stopwatch.GetElapsedTime(stalledAt);
    }

    private static async Task<Socket> OpenAsync(Uri server, string path, string accept = "*/*")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port)).WithTimeout();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"));
        return socket;
    }

    private static async Task PublishAsync(EventJournal journal, CancellationToken cancellationToken)
    {
        var frame = Encoding.UTF8.GetBytes($"event: e\ndata: {new string('x', 4_000)}\n\n");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                journal.Append(new GatewayEvent("e", frame));
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }
}
