using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>A local SFU that runs inside the native library.</summary>
/// <remarks>Safe from any thread. Disposing stops it without draining; one that nobody holds any more stops by itself.</remarks>
public sealed class RtcSfu : IAsyncDisposable
{
    private readonly RtcEngine _engine;
    private readonly RtcObjectHandle _handle;
    private readonly EventQueue _events;
    private readonly Lock _stopLock = new();
    private Task? _stopping;

    private RtcSfu(RtcEngine engine, SfuAnswer answer, EventQueue events)
    {
        _engine = engine;
        _handle = new RtcObjectHandle(engine.Commands.Handle, answer.Sfu, "sfu.stop", "sfu");
        _events = events;
        Url = answer.Url;
        WsEndpoint = answer.WsEndpoint;
        EdgeName = answer.EdgeName;
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => _handle.Id;

    /// <summary>Base address of its RPC, such as <c>http://127.0.0.1:8091/twirp</c>.</summary>
    public string Url { get; }

    /// <summary>Address of its signaling WebSocket.</summary>
    public string WsEndpoint { get; }

    public string EdgeName { get; }

    /// <summary>Who joined and left, in order; completes when the SFU has stopped. One reader; one that lags loses the oldest.</summary>
    public ChannelReader<Event> Events => _events.Reader;

    /// <summary>Events dropped because <see cref="Events"/> was not read in time.</summary>
    public long EventsDropped => _events.Dropped;

    /// <summary>Ends a call for everyone in it; answers how many that were.</summary>
    public Task<int> EndCallAsync(
        string callCid, RtcCallEndReason reason, CancellationToken cancellationToken = default) =>
        SendForParticipantsAsync(
            "sfu.call.end", new SfuCallEndRequest(Handle, callCid, reason), RtcJson.Default.SfuCallEndRequest, cancellationToken);

    /// <summary>
    /// Asks the participants of a call, or of all calls when null, to move to another SFU; answers how many were asked.
    /// </summary>
    public Task<int> GoAwayAsync(string? callCid, CancellationToken cancellationToken = default) =>
        SendForParticipantsAsync(
            "sfu.go_away", new SfuGoAwayRequest(Handle, callCid), RtcJson.Default.SfuGoAwayRequest, cancellationToken);

    /// <summary>Removes a user's participants; answers how many.</summary>
    public Task<int> KickAsync(string callCid, string userId, CancellationToken cancellationToken = default) =>
        SendForParticipantsAsync(
            "sfu.participant.kick", new SfuKickRequest(Handle, callCid, userId), RtcJson.Default.SfuKickRequest, cancellationToken);

    /// <summary>Mutes tracks of some users, or of all when null; answers how many tracks.</summary>
    public async Task<int> MuteAsync(
        string callCid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trackTypes);
        var request = new SfuMuteRequest(Handle, callCid, userIds, [.. trackTypes.Select(TrackTypeNames.NameOf)], byUserId);
        var answer = await _engine.Commands.SendAsync(
            "sfu.participant.mute", request, RtcJson.Default.SfuMuteRequest, RtcJson.Default.SfuTracksAnswer, cancellationToken)
            .ConfigureAwait(false);
        return answer.Tracks;
    }

    /// <summary>Changes what a user may publish; answers how many participants that touched.</summary>
    public Task<int> UpdateGrantsAsync(
        string callCid, string userId, RtcGrants grants, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(grants);
        var request = new SfuGrantsRequest(
            Handle, callCid, userId, grants.CanPublishAudio, grants.CanPublishVideo, grants.CanScreenshare);
        return SendForParticipantsAsync(
            "sfu.participant.grants", request, RtcJson.Default.SfuGrantsRequest, cancellationToken);
    }

    /// <summary>Changes how a user is shown; answers how many participants that touched.</summary>
    public Task<int> UpdateParticipantAsync(
        string callCid, string userId, string? name, string? image, JsonElement? custom,
        CancellationToken cancellationToken = default) =>
        SendForParticipantsAsync(
            "sfu.participant.update", new SfuUpdateRequest(Handle, callCid, userId, name, image, custom),
            RtcJson.Default.SfuUpdateRequest, cancellationToken);

    public Task SetPinsAsync(
        string callCid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "sfu.pins", new SfuPinsRequest(Handle, callCid, pins), RtcJson.Default.SfuPinsRequest, cancellationToken);

    public Task<RtcSfuStats> GetStatsAsync(CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "sfu.stats", new SfuRequest(Handle), RtcJson.Default.SfuRequest, RtcJson.Default.RtcSfuStats, cancellationToken);

    /// <summary>Stops the SFU; with <paramref name="drain"/>, participants are told first. A second stop does nothing more.</summary>
    /// <remarks>Cancelling ends the waiting, not the stopping.</remarks>
    public Task StopAsync(bool drain, CancellationToken cancellationToken = default)
    {
        lock (_stopLock)
        {
            _stopping ??= StopOnceAsync(drain);
        }

        return _stopping.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync() =>
        await StopAsync(drain: false).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Reads the answer that started an SFU. Poll thread.</summary>
    internal static RtcSfu Open(RtcEngine engine, ReadOnlySpan<byte> payload)
    {
        var answer = RtcCommands.Read(payload, RtcJson.Default.SfuAnswer);
        return new RtcSfu(engine, answer, engine.Dispatcher.OpenSfu(answer.Sfu));
    }

    private async Task<int> SendForParticipantsAsync<TRequest>(
        string tag, TRequest request, JsonTypeInfo<TRequest> type, CancellationToken cancellationToken)
    {
        var answer = await _engine.Commands.SendAsync(
            tag, request, type, RtcJson.Default.SfuParticipantsAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Participants;
    }

    private async Task StopOnceAsync(bool drain)
    {
        _handle.Disown();
        try
        {
            await _engine.Commands.SendAsync(
                "sfu.stop", new SfuStopRequest(Handle, drain), RtcJson.Default.SfuStopRequest,
                _ =>
                {
                    _engine.Dispatcher.CloseSfu(Handle);
                    return true;
                },
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (RtcException exception) when (exception.Kind == RtcError.SfuNotFound)
        {
            // It had stopped with its engine.
        }
        catch (ObjectDisposedException)
        {
            // The engine is gone, and every SFU with it.
        }
    }
}
