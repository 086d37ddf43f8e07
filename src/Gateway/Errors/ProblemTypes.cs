using System.Collections.Frozen;

namespace StreamGateway.Errors;

/// <summary>The published list of problems. A code is never renamed or given another meaning.</summary>
internal static class ProblemTypes
{
    public static readonly ProblemType InvalidRequest = new(
        "invalid_request", 400, "The request is not valid", "Mend the fields named in `errors`, or what `detail` says.");
    public static readonly ProblemType MalformedJson = new(
        "malformed_json", 400, "The body is not JSON", "Send one JSON object; `detail` says where reading failed.");
    public static readonly ProblemType Unauthenticated = new(
        "unauthenticated", 401, "No valid key", "Send `Authorization: Bearer KEY` or `X-Api-Key: KEY`.");
    public static readonly ProblemType BadSignature = new(
        "bad_signature", 401, "The signature does not fit", "Sign with the API secret of the application this gateway works for.");
    public static readonly ProblemType HostRefused = new(
        "host_refused", 400, "The host is not served", "Name this machine as localhost, or set Auth:Keys; a proxy has to pass such a Host on.");
    public static readonly ProblemType OriginRefused = new(
        "origin_refused", 403, "The page's origin is not allowed", "Add the page's origin to Server:AllowedOrigins.");
    public static readonly ProblemType InsufficientScope = new(
        "insufficient_scope", 403, "The key lacks a scope", "Use a key that has the scope `detail` names.");
    public static readonly ProblemType RouteNotFound = new(
        "route_not_found", 404, "No such route", "The routes are listed in /openapi/v1.json.");
    public static readonly ProblemType MethodNotAllowed = new(
        "method_not_allowed", 405, "This route has no such method", "See the header Allow.");
    public static readonly ProblemType NotAcceptable = new(
        "not_acceptable", 406, "None of the accepted types can be sent", "Accept one of the types `detail` names.");
    public static readonly ProblemType RequestTimeout = new(
        "request_timeout", 408, "The request came too slowly", "Send it again, without long pauses.");
    public static readonly ProblemType BodyTooLarge = new(
        "body_too_large", 413, "The body is too large", "Send less; `detail` says how much is allowed.");
    public static readonly ProblemType UnsupportedMediaType = new(
        "unsupported_media_type", 415, "This content type is not taken here", "Send one of the types `detail` names.");
    public static readonly ProblemType IdempotencyKeyReused = new(
        "idempotency_key_reused", 422, "The idempotency key belongs to another request", "Use a new key for a new request.");
    public static readonly ProblemType TooManyRequests = new(
        "too_many_requests", 429, "Too many requests at once", "Try again after the time in Retry-After.");
    public static readonly ProblemType Internal = new(
        "internal", 500, "A defect of this service", "Report it with its `trace_id`.");

    public static readonly ProblemType SessionNotFound = new(
        "session_not_found", 404, "No such session", "A session is remembered for a while after it ended, then forgotten.");
    public static readonly ProblemType SessionNotJoined = new(
        "session_not_joined", 409, "The session is not in its call", "Wait for the state `joined`.");
    public static readonly ProblemType SessionEnded = new(
        "session_ended", 409, "The session has ended", "Join again with a new session.");
    public static readonly ProblemType CapacityExceeded = new(
        "capacity_exceeded", 503, "No room for another", "Try again after the time in Retry-After.");
    public static readonly ProblemType ResourcesExhausted = new(
        "resources_exhausted", 503, "The service is short of memory, threads or open files", "Try again after the time in Retry-After; raise the limit `detail` names.");
    public static readonly ProblemType Draining = new(
        "draining", 503, "The service is stopping", "Try again after the time in Retry-After.");

    public static readonly ProblemType TrackNotFound = new(
        "track_not_found", 404, "No such track", "List the session's tracks, or wait for this one with `wait_ms`.");
    public static readonly ProblemType PublicationNotFound = new(
        "publication_not_found", 404, "No such publication", "List the session's publications.");
    public static readonly ProblemType PublicationExists = new(
        "publication_exists", 409, "Already publishing", "Stop the running publication, or use another name or track type.");
    public static readonly ProblemType UnsupportedFormat = new(
        "unsupported_format", 415, "The media has an unsupported format", "See `detail` for what is supported.");
    public static readonly ProblemType MalformedMedia = new(
        "malformed_media", 422, "The bytes are not what their content type says", "Check the file with another tool, such as opusinfo.");
    public static readonly ProblemType MediaStalled = new(
        "media_stalled", 408, "No media came for too long", "Send without long pauses, or publish again.");

    public static readonly ProblemType RecordingOff = new(
        "recording_off", 501, "This service does not record", "Set Recordings:Directory.");
    public static readonly ProblemType RecordingNotFound = new(
        "recording_not_found", 404, "No such recording", "List the session's recordings, or all at /v1/recordings.");
    public static readonly ProblemType RecordingFileNotFound = new(
        "recording_file_not_found", 404, "The recording has no such file", "`files` of the recording has their names.");
    public static readonly ProblemType RecordingRunning = new(
        "recording_running", 409, "The recording goes on", "Stop it first.");
    public static readonly ProblemType PathRefused = new(
        "path_refused", 400, "The path leads elsewhere", "Use a folder within Recordings:Directory.");
    public static readonly ProblemType StorageFull = new(
        "storage_full", 507, "The disk is full", "Make room in Recordings:Directory, or delete recordings with `files=true`.");
    public static readonly ProblemType StorageDenied = new(
        "storage_denied", 500, "The disk may not be written", "Let the service write to Recordings:Directory.");
    public static readonly ProblemType StorageFailed = new(
        "storage_failed", 500, "The disk has failed", "See `detail`; check the disk of Recordings:Directory.");

    public static readonly ProblemType InvalidArgument = new(
        "invalid_argument", 400, "An argument was refused", "See `detail`.");
    public static readonly ProblemType TokenInvalid = new(
        "token_invalid", 502, "Stream refused the token", "Check that Stream:ApiKey and Stream:ApiSecret belong together.");
    public static readonly ProblemType TokenExpired = new(
        "token_expired", 502, "The token has expired", "Check this machine's clock.");
    public static readonly ProblemType CallNotFound = new(
        "call_not_found", 404, "No such call", "Create it, or join with `create` true.");
    public static readonly ProblemType PermissionDenied = new(
        "permission_denied", 403, "Stream does not permit it", "Check the user's role and the call type's grants.");
    public static readonly ProblemType CoordinatorUnreachable = new(
        "coordinator_unreachable", 502, "Stream cannot be reached", "Try again; check Stream:BaseUrl and the network.");
    public static readonly ProblemType CoordinatorRejected = new(
        "coordinator_rejected", 502, "Stream refused", "`stream` has Stream's own answer.");
    public static readonly ProblemType SfuUnreachable = new(
        "sfu_unreachable", 502, "The media server cannot be reached", "Try again; check the network.");
    public static readonly ProblemType SfuRejected = new(
        "sfu_rejected", 502, "The media server refused", "See `detail`.");
    public static readonly ProblemType SfuFull = new(
        "sfu_full", 503, "The call is full", "Try again when somebody has left.");
    public static readonly ProblemType IceFailed = new(
        "ice_failed", 502, "No network path for media", "Check that UDP, or a TURN server, can be reached.");
    public static readonly ProblemType DtlsFailed = new(
        "dtls_failed", 502, "The media connection could not be secured", "Try again.");
    public static readonly ProblemType DeadlineExceeded = new(
        "deadline_exceeded", 504, "It took too long", "Try again; `stage` says how far it came.");
    public static readonly ProblemType CallEnded = new(
        "call_ended", 409, "The call has ended", "Join another call.");
    public static readonly ProblemType ReconnectFailed = new(
        "reconnect_failed", 502, "The connection was lost for good", "Join again.");
    public static readonly ProblemType Cancelled = new(
        "cancelled", 499, "Cancelled", "The client went away before the answer.");
    public static readonly ProblemType UpstreamFailed = new(
        "upstream_failed", 502, "Stream's API refused", "`stream` has Stream's own answer.");
    public static readonly ProblemType UpstreamRateLimited = new(
        "upstream_rate_limited", 429, "Stream's rate limit is reached", "Try again after the time in Retry-After.");

    /// <summary>Every problem by its code.</summary>
    public static readonly FrozenDictionary<string, ProblemType> All = typeof(ProblemTypes)
        .GetFields()
        .Where(field => field.FieldType == typeof(ProblemType))
        .Select(field => (ProblemType)field.GetValue(null)!)
        .ToFrozenDictionary(type => type.Code);
}
