using System.Text.Json;
using System.Threading.Channels;
using StreamGateway.Native.Interop;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Native.Rtc;

/// <summary>One connection, as one participant, to one call.</summary>
/// <remarks>Safe from any thread. Disposing leaves the call; a session that nobody holds any more leaves by itself.</remarks>
public sealed class RtcSession : IAsyncDisposable
{
    private readonly RtcEngine _engine;
    private readonly RtcObjectHandle _handle;
    private readonly EventQueue _events;
    private readonly Lock _leaveLock = new();
    private Task? _leaving;

    private RtcSession(RtcEngine engine, JoinAnswer answer, EventQueue events)
    {
        _engine = engine;
        _handle = new RtcObjectHandle(engine.Commands.Handle, answer.Session, "rtc.leave", "session");
        _events = events;
        CallCid = answer.CallCid;
        UserId = answer.UserId;
        ParticipantSessionId = answer.ParticipantSessionId;
        OwnCapabilities = answer.OwnCapabilities ?? [];
        Created = answer.Created;
        Sfu = answer.Sfu ?? "";
        Participants = answer.Participants ?? [];
        Timing = answer.Timing ?? new JoinTiming();
    }

    /// <summary>Never zero and never reused.</summary>
    public ulong Handle => _handle.Id;

    public string CallCid { get; }

    public string UserId { get; }

    /// <summary>The participant session id at the join; a rejoin makes a new one, see <see cref="Reconnected"/>.</summary>
    public string ParticipantSessionId { get; }

    public IReadOnlyList<string> OwnCapabilities { get; }

    /// <summary>Whether the join created the call.</summary>
    public bool Created { get; }

    /// <summary>Name of the SFU that holds the session.</summary>
    public string Sfu { get; }

    /// <summary>Who was in the call at the join.</summary>
    public IReadOnlyList<Participant> Participants { get; }

    /// <summary>How long the phases of the join took, as far as they had happened when it was answered.</summary>
    public JoinTiming Timing { get; }

    /// <summary>
    /// Every event of the session in order, <c>joined</c> first; completes after <c>left</c>. One reader. A reader that
    /// lags too far loses the oldest events: <see cref="Event.Seq"/> then has a hole.
    /// </summary>
    public ChannelReader<Event> Events => _events.Reader;

    /// <summary>Events dropped because <see cref="Events"/> was not read in time.</summary>
    public long EventsDropped => _events.Dropped;

    /// <summary>Publishes a track; completes once the SFU has answered, and takes bytes at once.</summary>
    public Task<RtcPublication> PublishAsync(RtcPublishOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var request = new PublishRequest(
            Handle, options.Name, TrackTypeNames.NameOf(options.TrackType), options.Format, options.Rate, options.Channels,
            options.FrameRate, options.BitrateBps, options.Profile, options.Dtx, options.LowDelay, options.Pace, options.Loop,
            options.StallTimeout, options.BufferBytes);
        return _engine.Commands.SendAsync(
            "rtc.publish.open", request, RtcJson.Default.PublishRequest,
            payload => RtcPublication.Open(_engine, this, options.Name, payload), cancellationToken);
    }

    /// <summary>Opens a sink on a track; waits for the track up to <see cref="RtcListenOptions.Wait"/>.</summary>
    public Task<RtcSink> ListenAsync(RtcListenOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var request = new ListenRequest(
            Handle, options.Track, options.Format, options.Rate, options.Channels, options.Wait, options.BufferBytes);
        return _engine.Commands.SendAsync(
            "rtc.sink.open", request, RtcJson.Default.ListenRequest,
            payload => RtcSink.Open(_engine, this, payload), cancellationToken);
    }

    /// <summary>Opens a sink that hears several participants as one, now and as they come and go.</summary>
    public Task<RtcSink> MixAsync(RtcMixOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var request = new MixRequest(
            Handle, options.Users, options.Format, options.Rate, options.Channels, options.BitrateBps,
            options.LowDelay, options.Speakers, options.BufferBytes);
        return _engine.Commands.SendAsync(
            "rtc.mix.open", request, RtcJson.Default.MixRequest,
            payload => RtcSink.Open(_engine, this, payload), cancellationToken);
    }

    /// <summary>Begins to record; <see cref="RecordingStopped"/> or <see cref="RecordingFailed"/> tells the end.</summary>
    /// <exception cref="RtcException">No directory is set, the session records enough already, or the disk refuses.</exception>
    public async Task<RtcRecording> RecordAsync(RtcRecordOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var request = new RecordRequest(
            Handle, options.Folder, options.Owner, options.Users, options.TrackTypes?.Select(TrackTypeNames.NameOf).ToList(), options.Mix,
            options.BitrateBps, options.Labels, options.MaxBytes, options.MaxDuration, options.BufferBytes);
        var answer = await _engine.Commands.SendAsync(
            "rtc.record.start", request, RtcJson.Default.RecordRequest, RtcJson.Default.RecordingAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Recording;
    }

    /// <summary>Ends a recording; completes once its files are whole.</summary>
    /// <exception cref="RtcException"><see cref="RtcError.RecordingNotFound"/>: the session makes no such recording, or not any more.</exception>
    public async Task<RtcRecording> StopRecordingAsync(string recordingId, CancellationToken cancellationToken = default)
    {
        var answer = await _engine.Commands.SendAsync(
            "rtc.record.stop", new RecordingRequest(Handle, recordingId), RtcJson.Default.RecordingRequest,
            RtcJson.Default.RecordingAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Recording;
    }

    /// <summary>The recordings that the session makes now.</summary>
    public async Task<IReadOnlyList<RtcRecording>> GetRecordingsAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _engine.Commands.SendAsync(
            "rtc.recordings", new RecordingsRequest(Handle, null, false, null, null, null, null, null), RtcJson.Default.RecordingsRequest,
            RtcJson.Default.RtcRecordingPage, cancellationToken).ConfigureAwait(false);
        return answer.Recordings;
    }

    /// <summary>Changes what is received; answers what is in force then.</summary>
    public async Task<RtcSubscriptions> SubscribeAsync(
        RtcSubscriptions subscriptions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subscriptions);
        var answer = await _engine.Commands.SendAsync(
            "rtc.subscribe", new SubscribeRequest(Handle, subscriptions), RtcJson.Default.SubscribeRequest,
            RtcJson.Default.SubscribeAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Subscribe;
    }

    /// <summary>Mutes or unmutes what the session publishes; null leaves a kind as it is.</summary>
    public async Task<RtcMuted> MuteAsync(bool? audio, bool? video, CancellationToken cancellationToken = default)
    {
        var answer = await _engine.Commands.SendAsync(
            "rtc.mute", new MuteRequest(Handle, audio, video), RtcJson.Default.MuteRequest,
            RtcJson.Default.MuteAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Muted;
    }

    public Task<RtcSessionInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.session", new SessionRequest(Handle), RtcJson.Default.SessionRequest, RtcJson.Default.RtcSessionInfo,
            cancellationToken);

    public Task<RtcStats> GetStatsAsync(CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.stats", new SessionRequest(Handle), RtcJson.Default.SessionRequest, RtcJson.Default.RtcStats,
            cancellationToken);

    public async Task<IReadOnlyList<RtcPublicationInfo>> GetPublicationsAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _engine.Commands.SendAsync(
            "rtc.publications", new SessionRequest(Handle), RtcJson.Default.SessionRequest,
            RtcJson.Default.PublicationsAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Publications;
    }

    /// <summary>Sends a custom event, a JSON object, to everyone in the call.</summary>
    public Task SendCustomEventAsync(JsonElement custom, CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.custom_event", new CustomEventRequest(Handle, custom), RtcJson.Default.CustomEventRequest, cancellationToken);

    public Task SendReactionAsync(
        string type, string? emojiCode = null, JsonElement? custom = null, CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.reaction", new ReactionRequest(Handle, type, emojiCode, custom), RtcJson.Default.ReactionRequest, cancellationToken);

    /// <summary>Replaces the user token, for every request to the coordinator from now on: the answer to <see cref="TokenExpiring"/>.</summary>
    public Task SetTokenAsync(string token, CancellationToken cancellationToken = default) =>
        _engine.Commands.SendAsync(
            "rtc.token", new TokenRequest(Handle, token), RtcJson.Default.TokenRequest, cancellationToken);

    /// <summary>Leaves the call; completes once everything of the session is gone. A second leave does nothing more.</summary>
    /// <remarks>Cancelling ends the waiting, not the leaving.</remarks>
    public Task LeaveAsync(string? reason = null, CancellationToken cancellationToken = default)
    {
        lock (_leaveLock)
        {
            _leaving ??= LeaveOnceAsync(reason);
        }

        return _leaving.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync() =>
        await LeaveAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Reads the answer of a join. Poll thread.</summary>
    internal static RtcSession Open(RtcEngine engine, ReadOnlySpan<byte> payload)
    {
        var answer = RtcCommands.Read(payload, RtcJson.Default.JoinAnswer);
        return new RtcSession(engine, answer, engine.Dispatcher.OpenSession(answer.Session));
    }

    private async Task LeaveOnceAsync(string? reason)
    {
        _handle.Disown();
        try
        {
            await _engine.Commands.SendAsync(
                "rtc.leave", new LeaveRequest(Handle, reason), RtcJson.Default.LeaveRequest, CancellationToken.None).ConfigureAwait(false);
        }
        catch (RtcException exception) when (exception.Kind is RtcError.SessionNotFound or RtcError.CallEnded)
        {
            // It had ended by itself.
        }
        catch (ObjectDisposedException)
        {
            // The engine is gone, and every session with it.
        }
    }
}
