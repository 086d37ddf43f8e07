using System.Text.Json;
using System.Threading.Channels;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>One connection, as one participant, to one call.</summary>
/// <remarks>Safe from any thread. Disposing leaves the call.</remarks>
public sealed class RtcSession : IAsyncDisposable
{
    internal RtcSession()
    {
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => throw new NotImplementedException();

    public string CallCid => throw new NotImplementedException();

    public string UserId => throw new NotImplementedException();

    /// <summary>The participant session id at the join; a rejoin makes a new one, see <see cref="Reconnected"/>.</summary>
    public string ParticipantSessionId => throw new NotImplementedException();

    public IReadOnlyList<string> OwnCapabilities => throw new NotImplementedException();

    /// <summary>Whether the join created the call.</summary>
    public bool Created => throw new NotImplementedException();

    /// <summary>Name of the SFU that holds the session.</summary>
    public string Sfu => throw new NotImplementedException();

    /// <summary>Who was in the call at the join.</summary>
    public IReadOnlyList<Participant> Participants => throw new NotImplementedException();

    /// <summary>How long the phases of the join took, as far as they had happened when it was answered.</summary>
    public JoinTiming Timing => throw new NotImplementedException();

    /// <summary>
    /// Every event of the session in order, <c>joined</c> first; completes after <c>left</c>. One reader. A reader that
    /// lags too far loses the oldest events: <see cref="Event.Seq"/> then has a hole.
    /// </summary>
    public ChannelReader<Event> Events => throw new NotImplementedException();

    /// <summary>Events dropped because <see cref="Events"/> was not read in time.</summary>
    public long EventsDropped => throw new NotImplementedException();

    public Task<RtcPublication> PublishAsync(RtcPublishOptions options, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Opens a sink on a track; waits for the track up to <see cref="RtcListenOptions.Wait"/>.</summary>
    public Task<RtcSink> ListenAsync(RtcListenOptions options, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Changes what is received; answers what is in force then.</summary>
    public Task<RtcSubscriptions> SubscribeAsync(
        RtcSubscriptions subscriptions, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Mutes or unmutes what the session publishes; null leaves a kind as it is.</summary>
    public Task<RtcMuted> MuteAsync(bool? audio, bool? video, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public Task<RtcSessionInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public Task<RtcStats> GetStatsAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public Task<IReadOnlyList<RtcPublicationInfo>> GetPublicationsAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Sends a custom event, a JSON object, to everyone in the call.</summary>
    public Task SendCustomEventAsync(JsonElement custom, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public Task SendReactionAsync(
        string type, string? emojiCode = null, JsonElement? custom = null, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Leaves the call; completes once everything of the session is gone. A second leave does nothing.</summary>
    public Task LeaveAsync(string? reason = null, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
