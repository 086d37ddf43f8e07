using System.Threading.Channels;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Sfu;

/// <summary>The media server as the coordinator needs it: where it is, who is in it, and what to tell it.</summary>
/// <remarks>Safe from any thread. Commands about calls and users that are not there do nothing.</remarks>
internal interface ISfu : IAsyncDisposable
{
    /// <summary>Base address of its RPC, ending in <c>/twirp</c>.</summary>
    string Url { get; }

    string WsEndpoint { get; }

    string EdgeName { get; }

    /// <summary>Who joined and left, in order; completes when the SFU has stopped. One reader.</summary>
    ChannelReader<Event> Events { get; }

    /// <summary>The SFU for a newcomer to a call.</summary>
    /// <param name="avoided">Names of SFUs that failed the client, or that it is to move away from.</param>
    ISfu Pick(string cid, IReadOnlyCollection<string> avoided) => this;

    Task EndCallAsync(string cid, RtcCallEndReason reason, CancellationToken cancellationToken);

    Task KickAsync(string cid, string userId, CancellationToken cancellationToken);

    /// <param name="userIds">Null for everyone.</param>
    Task MuteAsync(
        string cid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken);

    Task UpdateGrantsAsync(string cid, string userId, RtcGrants grants, CancellationToken cancellationToken);

    Task UpdateUserAsync(string cid, SfuUser user, CancellationToken cancellationToken);

    Task SetPinsAsync(string cid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken);
}
