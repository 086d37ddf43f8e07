using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using GetStream.Local.Http;
using StreamGateway.Native.Rtc;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Sfu;

/// <summary>The SFU of the native library.</summary>
internal sealed class NativeSfu(RtcSfu sfu, TimeSpan stopTimeout) : ISfu
{
    public string Url => sfu.Url;

    public string WsEndpoint => sfu.WsEndpoint;

    public string EdgeName => sfu.EdgeName;

    public ChannelReader<Event> Events => sfu.Events;

    public static async Task<NativeSfu> StartAsync(
        RtcEngine engine, LocalStreamOptions options, string tokenSecret, CancellationToken cancellationToken) =>
        new(
            await engine.StartSfuAsync(
                new RtcSfuOptions
                {
                    Listen = Address(options.Host, options.SfuPort),
                    MediaListen = Address(options.Host, options.SfuMediaPort),
                    PublicAddress = options.SfuPublicAddress,
                    MediaRelay = options.SfuMediaRelay,
                    EdgeName = options.EdgeName,
                    TokenSecret = tokenSecret,
                },
                cancellationToken),
            options.ShutdownTimeout);

    public Task EndCallAsync(string cid, RtcCallEndReason reason, CancellationToken cancellationToken) =>
        sfu.EndCallAsync(cid, reason, cancellationToken);

    public Task KickAsync(string cid, string userId, CancellationToken cancellationToken) =>
        sfu.KickAsync(cid, userId, cancellationToken);

    public Task MuteAsync(
        string cid, IReadOnlyList<string>? userIds, IReadOnlyList<TrackType> trackTypes, string byUserId,
        CancellationToken cancellationToken) =>
        sfu.MuteAsync(cid, userIds, trackTypes, byUserId, cancellationToken);

    public Task UpdateGrantsAsync(string cid, string userId, RtcGrants grants, CancellationToken cancellationToken) =>
        sfu.UpdateGrantsAsync(cid, userId, grants, cancellationToken);

    public Task UpdateUserAsync(string cid, SfuUser user, CancellationToken cancellationToken) =>
        sfu.UpdateParticipantAsync(
            cid, user.Id, user.Name, user.Image,
            JsonSerializer.SerializeToElement(user.Custom, TreeJson.Default.JsonObject), cancellationToken);

    public Task SetPinsAsync(string cid, IReadOnlyList<RtcPin> pins, CancellationToken cancellationToken) =>
        sfu.SetPinsAsync(cid, pins, cancellationToken);

    /// <summary>Tells participants, then stops, within a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(stopTimeout);
        try
        {
            await sfu.StopAsync(drain: true, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or RtcException)
        {
            // Too slow, or stopped already: disposing ends it without asking.
        }

        await sfu.DisposeAsync();
    }

    private static string Address(string host, int port) => new IPEndPoint(IPAddress.Parse(host), port).ToString();
}
