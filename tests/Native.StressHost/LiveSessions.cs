using System.Diagnostics;
using GetStream.Auth;
using GetStream.Local;
using Microsoft.Extensions.Logging.Abstractions;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.StressHost;

/// <summary>Bots in calls of an embedded Stream, all in this process: two a call, each speaks and hears the other.</summary>
internal sealed class LiveSessions : ILiveSessions
{
    private const int PagesPerSecond = 50;
    private const int PageBytes = 31; // a packet of silence with its page head
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(60);

    private readonly RtcEngine _engine;
    private readonly LocalStreamServer _stream;
    private readonly List<Bot> _bots = [];
    private readonly Stopwatch _listening = new();

    private LiveSessions(RtcEngine engine, LocalStreamServer stream)
    {
        _engine = engine;
        _stream = stream;
    }

    public static async Task<ILiveSessions> StartAsync(StressOptions options)
    {
        var engine = await RtcEngine.StartAsync(
            new RtcEngineOptions { LibraryPath = options.Library }, NullLoggerFactory.Instance, CancellationToken.None);
        var stream = await LocalStreamServer.StartAsync(
            new LocalStreamOptions { Port = 0, SfuPort = 0 }, engine, NullLoggerFactory.Instance);
        var sessions = new LiveSessions(engine, stream);
        var voice = OggSilence.Create(options.Seconds + 60);
        for (var i = 0; i < options.Sessions; i++)
        {
            sessions._bots.Add(await sessions.JoinAsync(i, voice));
            Console.WriteLine($"bot {i} speaks");
        }

        await Task.WhenAll(sessions._bots.Select(bot => bot.ListenAsync()));
        sessions._listening.Start();
        return sessions;
    }

    /// <summary>Everybody leaves; a bot that heard less than half, or fell out of its call, fails the run.</summary>
    public async Task StopAsync()
    {
        var expectedBytes = (long)(_listening.Elapsed.TotalSeconds * PagesPerSecond * PageBytes / 2);
        await Task.WhenAll(_bots.Select(bot => bot.LeaveAsync(expectedBytes)));
        var tables = _engine.ReadTables();
        Console.WriteLine($"{_bots.Count} sessions left, {tables.Sessions} remain");
        if (tables.Sessions != 0)
        {
            Stress.Fail("sessions remain after everybody left");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _engine.DisposeAsync();
    }

    private async Task<Bot> JoinAsync(int number, byte[] voice)
    {
        var user = $"bot-{number}";
        var session = await _engine.JoinAsync(new RtcJoinOptions
        {
            CoordinatorUrl = _stream.Url,
            ApiKey = _stream.ApiKey,
            Token = StreamTokens.CreateUserToken(_stream.ApiSecret, user),
            CallType = "default",
            CallId = $"stress-{number / 2}",
            User = new RtcUser { Id = user },
            Create = true,
            Timeout = JoinTimeout,
        });
        var publication = await session.PublishAsync(new RtcPublishOptions
        {
            Name = "voice",
            TrackType = TrackType.Audio,
            Format = "ogg",
        });
        return new Bot(session, publication, $"bot-{number ^ 1}", voice);
    }

    private sealed class Bot
    {
        private readonly RtcSession _session;
        private readonly RtcPublication _publication; // dropped, it would end with the next collection
        private readonly string _neighbour;
        private readonly Task _speaking;
        private readonly Task<string?> _events;
        private Task<long>? _hearing;

        public Bot(RtcSession session, RtcPublication publication, string neighbour, byte[] voice)
        {
            _session = session;
            _publication = publication;
            _neighbour = neighbour;
            _speaking = publication.WriteAsync(voice).AsTask();
            _events = ReadEventsAsync();
        }

        public async Task ListenAsync()
        {
            var sink = await _session.ListenAsync(new RtcListenOptions
            {
                Track = $"{_neighbour}:audio",
                Format = "ogg",
                Wait = JoinTimeout,
            });
            _hearing = HearAsync(sink);
        }

        public async Task LeaveAsync(long expectedBytes)
        {
            await _session.LeaveAsync();
            var reason = await _events;
            var spoken = await _publication.Completion;
            var heard = await _hearing!;
            await _speaking;
            if (reason != "left" || spoken.Reason != "session_ended" || heard < expectedBytes)
            {
                Stress.Fail($"{_session.UserId} left with {reason}, spoke until {spoken.Reason}, heard {heard} of {expectedBytes} bytes");
            }
        }

        private async Task<string?> ReadEventsAsync()
        {
            string? reason = null;
            await foreach (var received in _session.Events.ReadAllAsync())
            {
                Interlocked.Increment(ref Figures.Events);
                reason = received.Left?.Reason ?? reason;
            }

            return reason;
        }

        private static async Task<long> HearAsync(RtcSink sink)
        {
            var buffer = new byte[4096];
            long total = 0;
            int size;
            while ((size = await sink.ReadAsync(buffer)) > 0)
            {
                total += size;
                Interlocked.Add(ref Figures.MediaBytes, size);
            }

            return total;
        }
    }
}
