using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Tests.Support;

/// <summary>An engine with an SFU and a coordinator of its own. At the end nothing may be left in the engine.</summary>
internal sealed class RtcWorld : IAsyncDisposable
{
    private readonly string _callId = $"call-{Guid.NewGuid():N}";

    private RtcWorld(RtcEngine engine, RtcSfu sfu, FakeCoordinator coordinator)
    {
        Engine = engine;
        Sfu = sfu;
        Coordinator = coordinator;
    }

    internal RtcEngine Engine { get; }

    internal RtcSfu Sfu { get; }

    internal FakeCoordinator Coordinator { get; }

    internal string CallCid => $"default:{_callId}";

    internal static async Task<RtcWorld> StartAsync(RtcEngineOptions? options = null)
    {
        var engine = await RtcEngine.StartAsync(options ?? new RtcEngineOptions(), NullLoggerFactory.Instance).Soon();
        var sfu = await engine.StartSfuAsync(new RtcSfuOptions
        {
            Listen = "127.0.0.1:0", MediaListen = "127.0.0.1:0", EdgeName = "local-1", TokenSecret = FakeCoordinator.SfuSecret,
        }).Soon();
        return new RtcWorld(engine, sfu, await FakeCoordinator.StartAsync(sfu));
    }

    public async ValueTask DisposeAsync()
    {
        await Coordinator.DisposeAsync();
        await Engine.DisposeAsync();
        Assert.Equal(0, Engine.Dispatcher.OpenCount);
    }

    internal RtcJoinOptions OptionsFor(string userId) => new()
    {
        CoordinatorUrl = Coordinator.Url,
        ApiKey = "key",
        Token = "token",
        CallType = "default",
        CallId = _callId,
        User = new RtcUser { Id = userId },
        Create = true,
        Subscribe = new RtcSubscriptions { Audio = RtcSelection.All, Video = RtcSelection.None },
    };

    internal Task<RtcSession> JoinAsync(string userId, CancellationToken cancellationToken = default) =>
        Engine.JoinAsync(OptionsFor(userId), cancellationToken).Soon();

    /// <summary>Waits until the library holds nothing but the SFU.</summary>
    internal async Task UntilEmptyAsync()
    {
        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        while (Engine.ReadTables() is { } tables && (tables.Sessions | tables.Sources | tables.Sinks | tables.Requests) != 0)
        {
            Assert.False(deadline.IsCancellationRequested, $"still there: {tables}");
            await Task.Yield();
        }
    }
}

internal static class RtcEvents
{
    /// <summary>Reads up to the first event that matches.</summary>
    internal static async Task<Event> UntilAsync(this ChannelReader<Event> events, Func<Event, bool> match)
    {
        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        await foreach (var message in events.ReadAllAsync(deadline.Token))
        {
            if (match(message))
            {
                return message;
            }
        }

        throw new InvalidOperationException("The events ended before.");
    }

    internal static async Task<List<Event>> ToEndAsync(this ChannelReader<Event> events)
    {
        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        var all = new List<Event>();
        await foreach (var message in events.ReadAllAsync(deadline.Token))
        {
            all.Add(message);
        }

        return all;
    }
}
