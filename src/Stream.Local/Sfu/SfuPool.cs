using System.Threading.Channels;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Sfu;

/// <summary>
/// Several SFUs as one. A call begins on the first; it moves when a client asks to be sent away from the SFU it is on.
/// </summary>
/// <remarks>
/// SFUs do not pass media to each other: participants of one call on two SFUs do not see each other. Commands go to all.
/// </remarks>
internal sealed class SfuPool : ISfu
{
    private const int MaxWaitingEvents = 4_096;
    private const int MaxMovedCalls = 10_000;

    private readonly IReadOnlyList<ISfu> _sfus;
    private readonly Channel<Event> _events =
        Channel.CreateBounded<Event>(new BoundedChannelOptions(MaxWaitingEvents) { SingleReader = true });

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ISfu> _movedCalls = [];
    private readonly Dictionary<(string Cid, string SessionId), ISfu> _participants = [];

    public SfuPool(IReadOnlyList<ISfu> sfus)
    {
        _sfus = sfus;
        _ = MergeAsync();
    }

    public string Url => _sfus[0].Url;

    public string WsEndpoint => _sfus[0].WsEndpoint;

    public string EdgeName => _sfus[0].EdgeName;

    public ChannelReader<Event> Events => _events.Reader;

    /// <summary>Starts as many SFUs as configured; the first has the configured ports, the others free ones.</summary>
    public static async Task<ISfu> StartAsync(
        RtcEngine engine, LocalStreamOptions options, string tokenSecret, CancellationToken cancellationToken)
    {
        var sfus = new List<ISfu>();
        try
        {
            for (var number = 1; number <= options.SfuCount; number++)
            {
                var own = number == 1
                    ? options
                    : options with
                    {
                        SfuPort = 0, SfuMediaPort = 0, SfuMediaRelay = null, EdgeName = $"{options.EdgeName}-{number}",
                    };
                sfus.Add(await NativeSfu.StartAsync(engine, own, tokenSecret, cancellationToken));
            }
        }
        catch
        {
            foreach (var sfu in sfus)
                await sfu.DisposeAsync();
            throw;
        }

        return sfus.Count == 1 ? sfus[0] : new SfuPool(sfus);
    }

    public ISfu Pick(string cid, IReadOnlyCollection<string> avoided)
    {
        lock (_lock)
        {
            var home = _movedCalls.GetValueOrDefault(cid, _sfus[0]);
            if (!avoided.Contains(home.EdgeName))
                return home;
            // When all are to be avoided, a fresh connection to the same helps more than a refusal.
            var next = _sfus.FirstOrDefault(sfu => !avoided.Contains(sfu.EdgeName)) ?? home;
            if (next != home && (_movedCalls.ContainsKey(cid) || _movedCalls.Count < MaxMovedCalls))
                _movedCalls[cid] = next;
            return next;
        }
    }

    public Task EndCallAsync(string cid, RtcCallEndReason reason, CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.EndCallAsync(cid, reason, cancellationToken));

    public Task KickAsync(string cid, string userId, CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.KickAsync(cid, userId, cancellationToken));

    public Task MuteAsync(
        string cid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.MuteAsync(cid, userIds, trackTypes, byUserId, cancellationToken));

    public Task UpdateGrantsAsync(string cid, string userId, RtcGrants grants, CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.UpdateGrantsAsync(cid, userId, grants, cancellationToken));

    public Task UpdateUserAsync(string cid, SfuUser user, CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.UpdateUserAsync(cid, user, cancellationToken));

    public Task SetPinsAsync(string cid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken) =>
        AllAsync(sfu => sfu.SetPinsAsync(cid, pins, cancellationToken));

    public async ValueTask DisposeAsync() => await AllAsync(sfu => sfu.DisposeAsync().AsTask());

    private Task AllAsync(Func<ISfu, Task> command) => Task.WhenAll(_sfus.Select(command));

    private async Task MergeAsync()
    {
        try
        {
            await AllAsync(async sfu =>
            {
                await foreach (var told in sfu.Events.ReadAllAsync())
                {
                    if (IsNews(sfu, told))
                        await _events.Writer.WriteAsync(told);
                }
            });
        }
        finally
        {
            _events.Writer.TryComplete();
        }
    }

    /// <remarks>Who moves to another SFU joins there before it leaves here, under the same session id: no news at all.</remarks>
    private bool IsNews(ISfu sfu, Event told)
    {
        lock (_lock)
        {
            switch (told.PayloadCase)
            {
                case Event.PayloadOneofCase.SfuParticipantJoined:
                    var joined = told.SfuParticipantJoined;
                    var isNew = !_participants.ContainsKey((joined.CallCid, joined.ParticipantSessionId));
                    _participants[(joined.CallCid, joined.ParticipantSessionId)] = sfu;
                    return isNew;
                case Event.PayloadOneofCase.SfuParticipantLeft:
                    var left = told.SfuParticipantLeft;
                    if (_participants.GetValueOrDefault((left.CallCid, left.ParticipantSessionId)) is { } where && where != sfu)
                        return false;
                    _participants.Remove((left.CallCid, left.ParticipantSessionId));
                    if (!_participants.Keys.Any(present => present.Cid == left.CallCid))
                        _movedCalls.Remove(left.CallCid);
                    return true;
                default:
                    return true;
            }
        }
    }
}
