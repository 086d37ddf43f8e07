using System.Collections.Concurrent;
using System.Threading.Channels;
using GetStream.Local.Sfu;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Tests.Support;

/// <summary>An SFU that carries no media: it notes what it is told, and says what the test lets happen.</summary>
internal sealed class FakeSfu(string edgeName = "fake-1") : ISfu
{
    private readonly Channel<Event> _events = Channel.CreateUnbounded<Event>();

    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>Raised after each command, on the thread that gave it.</summary>
    public event Action<string>? Commanded;

    public string Url => "http://127.0.0.1:1/twirp";

    public string WsEndpoint => "ws://127.0.0.1:1/ws";

    public string EdgeName => edgeName;

    public ChannelReader<Event> Events => _events.Reader;

    public void Join(string cid, string userId, string sessionId, bool anonymous = false) => _events.Writer.TryWrite(new Event
    {
        SfuParticipantJoined = new SfuParticipantJoined
        {
            CallCid = cid, UserId = userId, ParticipantSessionId = sessionId, Anonymous = anonymous,
        },
    });

    public void Leave(string cid, string userId, string sessionId, bool anonymous = false) => _events.Writer.TryWrite(new Event
    {
        SfuParticipantLeft = new SfuParticipantLeft
        {
            CallCid = cid, UserId = userId, ParticipantSessionId = sessionId, Anonymous = anonymous, Reason = "left",
        },
    });

    public Task EndCallAsync(string cid, RtcCallEndReason reason, CancellationToken cancellationToken) => Note($"end {cid} {reason}");

    public Task KickAsync(string cid, string userId, CancellationToken cancellationToken) => Note($"kick {cid} {userId}");

    public Task MuteAsync(
        string cid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken) =>
        Note($"mute {cid} {(userIds is null ? "everyone" : string.Join(',', userIds))} {string.Join(',', trackTypes)} by {byUserId}");

    public Task UpdateGrantsAsync(string cid, string userId, RtcGrants grants, CancellationToken cancellationToken) =>
        Note($"grants {cid} {userId} audio={grants.CanPublishAudio} video={grants.CanPublishVideo} screenshare={grants.CanScreenshare}");

    public Task UpdateUserAsync(string cid, SfuUser user, CancellationToken cancellationToken) => Note($"user {cid} {user.Id} {user.Name}");

    public Task SetPinsAsync(string cid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken) =>
        Note($"pins {cid} {string.Join(',', pins.Select(pin => $"{pin.UserId}/{pin.SessionId}"))}");

    public ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private Task Note(string command)
    {
        Commands.Enqueue(command);
        Commanded?.Invoke(command);
        return Task.CompletedTask;
    }
}
