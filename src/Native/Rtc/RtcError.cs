using System.Collections.Frozen;

namespace StreamGateway.Native.Rtc;

/// <summary>What went wrong in the RTC library; one value for each kind of native-build/commands.md.</summary>
public enum RtcError
{
    /// <summary>A kind this binding does not know; <see cref="RtcException.KindName"/> has it.</summary>
    Unknown,
    InvalidArgument,
    SessionNotFound,
    SourceNotFound,
    SinkNotFound,
    SfuNotFound,
    TrackNotFound,
    PublicationExists,
    UnsupportedFormat,
    MalformedMedia,
    MediaStalled,
    CoordinatorUnreachable,
    CoordinatorRejected,
    TokenInvalid,
    TokenExpired,
    CallNotFound,
    PermissionDenied,
    SfuUnreachable,
    SfuRejected,
    SfuFull,
    IceFailed,
    DtlsFailed,
    DeadlineExceeded,
    CallEnded,
    ReconnectFailed,
    Cancelled,
    CapacityExceeded,
    RecordingOff,
    RecordingNotFound,
    RecordingRunning,
    PathRefused,
    StorageFull,
    StorageDenied,
    StorageFailed,
    Internal,
    ResourcesExhausted,
}

/// <summary>The one table between the names on the border and <see cref="RtcError"/>.</summary>
internal static class RtcErrorNames
{
    private static readonly FrozenDictionary<string, RtcError> ByName = new Dictionary<string, RtcError>
    {
        ["invalid_argument"] = RtcError.InvalidArgument,
        ["session_not_found"] = RtcError.SessionNotFound,
        ["source_not_found"] = RtcError.SourceNotFound,
        ["sink_not_found"] = RtcError.SinkNotFound,
        ["sfu_not_found"] = RtcError.SfuNotFound,
        ["track_not_found"] = RtcError.TrackNotFound,
        ["publication_exists"] = RtcError.PublicationExists,
        ["unsupported_format"] = RtcError.UnsupportedFormat,
        ["malformed_media"] = RtcError.MalformedMedia,
        ["media_stalled"] = RtcError.MediaStalled,
        ["coordinator_unreachable"] = RtcError.CoordinatorUnreachable,
        ["coordinator_rejected"] = RtcError.CoordinatorRejected,
        ["token_invalid"] = RtcError.TokenInvalid,
        ["token_expired"] = RtcError.TokenExpired,
        ["call_not_found"] = RtcError.CallNotFound,
        ["permission_denied"] = RtcError.PermissionDenied,
        ["sfu_unreachable"] = RtcError.SfuUnreachable,
        ["sfu_rejected"] = RtcError.SfuRejected,
        ["sfu_full"] = RtcError.SfuFull,
        ["ice_failed"] = RtcError.IceFailed,
        ["dtls_failed"] = RtcError.DtlsFailed,
        ["deadline_exceeded"] = RtcError.DeadlineExceeded,
        ["call_ended"] = RtcError.CallEnded,
        ["reconnect_failed"] = RtcError.ReconnectFailed,
        ["cancelled"] = RtcError.Cancelled,
        ["capacity_exceeded"] = RtcError.CapacityExceeded,
        ["recording_off"] = RtcError.RecordingOff,
        ["recording_not_found"] = RtcError.RecordingNotFound,
        ["recording_running"] = RtcError.RecordingRunning,
        ["path_refused"] = RtcError.PathRefused,
        ["storage_full"] = RtcError.StorageFull,
        ["storage_denied"] = RtcError.StorageDenied,
        ["storage_failed"] = RtcError.StorageFailed,
        ["internal"] = RtcError.Internal,
        ["resources_exhausted"] = RtcError.ResourcesExhausted,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<RtcError, string> ByKind =
        ByName.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    internal static RtcError Parse(string name) => ByName.GetValueOrDefault(name, RtcError.Unknown);

    internal static string NameOf(RtcError kind) => ByKind.GetValueOrDefault(kind, "unknown");
}
