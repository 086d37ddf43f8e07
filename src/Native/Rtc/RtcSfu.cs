using System.Text.Json;
using System.Threading.Channels;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>A local SFU that runs inside the native library.</summary>
/// <remarks>Safe from any thread. Disposing stops it without draining.</remarks>
public sealed class RtcSfu : IAsyncDisposable
{
    internal RtcSfu()
    {
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => throw new NotImplementedException();

    /// <summary>Base address of its RPC, such as <c>http://127.0.0.1:8091/twirp</c>.</summary>
    public string Url => throw new NotImplementedException();

    /// <summary>Address of its signaling WebSocket.</summary>
    public string WsEndpoint => throw new NotImplementedException();

    public string EdgeName => throw new NotImplementedException();

    /// <summary>Who joined and left, in order; completes when the SFU has stopped. One reader.</summary>
    public ChannelReader<Event> Events => throw new NotImplementedException();

    /// <summary>Ends a call for everyone in it; answers how many that were.</summary>
    public Task<int> EndCallAsync(
        string callCid, RtcCallEndReason reason, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Removes a user's participants; answers how many.</summary>
    public Task<int> KickAsync(string callCid, string userId, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Mutes tracks of some users, or of all when null; answers how many tracks.</summary>
    public Task<int> MuteAsync(
        string callCid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Changes what a user may publish; answers how many participants that touched.</summary>
    public Task<int> UpdateGrantsAsync(
        string callCid, string userId, RtcGrants grants, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Changes how a user is shown; answers how many participants that touched.</summary>
    public Task<int> UpdateParticipantAsync(
        string callCid, string userId, string? name, string? image, JsonElement? custom,
        CancellationToken cancellationToken = default) => throw new NotImplementedException();

    public Task SetPinsAsync(
        string callCid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public Task<RtcSfuStats> GetStatsAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Stops the SFU; with <paramref name="drain"/>, participants are told first. A second stop does nothing.</summary>
    public Task StopAsync(bool drain, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
