using StreamGateway.Native.Rtc;

namespace StreamGateway.Errors;

/// <summary>The one table from the native library's kinds of error to problems.</summary>
internal static class RtcProblems
{
    public static ProblemException From(RtcException failure)
    {
        var type = TypeOf(failure);
        return new(type, failure.Message, failure)
        {
            Stage = failure.Stage,
            Stream = failure.Stream is { } stream
                ? new UpstreamProblem(stream.Status, stream.Code, stream.Message, Details: null, stream.MoreInfo)
                : null,
            RetryAfter = type.Status == StatusCodes.Status503ServiceUnavailable ? TimeSpan.FromSeconds(5) : null,
        };
    }

    /// <summary>For failures that arrive inside an event, by the name of their kind.</summary>
    public static ProblemException From(Native.Rtc.V1.Error error) =>
        new(ProblemTypes.All.GetValueOrDefault(error.Kind, ProblemTypes.Internal), error.Message)
        {
            Stage = error.Stage.Length == 0 ? null : error.Stage,
        };

    private static ProblemType TypeOf(RtcException failure) => failure.Kind switch
    {
        RtcError.InvalidArgument => ProblemTypes.InvalidArgument,
        RtcError.SessionNotFound or RtcError.SourceNotFound or RtcError.SinkNotFound => ProblemTypes.SessionEnded,
        RtcError.TrackNotFound => ProblemTypes.TrackNotFound,
        RtcError.PublicationExists => ProblemTypes.PublicationExists,
        RtcError.UnsupportedFormat => ProblemTypes.UnsupportedFormat,
        RtcError.MalformedMedia => ProblemTypes.MalformedMedia,
        RtcError.MediaStalled => ProblemTypes.MediaStalled,
        RtcError.CoordinatorUnreachable => ProblemTypes.CoordinatorUnreachable,
        RtcError.CoordinatorRejected => ProblemTypes.CoordinatorRejected,
        RtcError.TokenInvalid => ProblemTypes.TokenInvalid,
        RtcError.TokenExpired => ProblemTypes.TokenExpired,
        RtcError.CallNotFound => ProblemTypes.CallNotFound,
        RtcError.PermissionDenied => ProblemTypes.PermissionDenied,
        RtcError.SfuUnreachable => ProblemTypes.SfuUnreachable,
        RtcError.SfuRejected => ProblemTypes.SfuRejected,
        RtcError.SfuFull => ProblemTypes.SfuFull,
        RtcError.IceFailed => ProblemTypes.IceFailed,
        RtcError.DtlsFailed => ProblemTypes.DtlsFailed,
        RtcError.DeadlineExceeded => ProblemTypes.DeadlineExceeded,
        RtcError.CallEnded => ProblemTypes.CallEnded,
        RtcError.ReconnectFailed => ProblemTypes.ReconnectFailed,
        RtcError.Cancelled => ProblemTypes.Cancelled,
        RtcError.CapacityExceeded => ProblemTypes.CapacityExceeded,
        RtcError.ResourcesExhausted => ProblemTypes.ResourcesExhausted,
        RtcError.RecordingOff => ProblemTypes.RecordingOff,
        RtcError.RecordingNotFound => ProblemTypes.RecordingNotFound,
        RtcError.RecordingRunning => ProblemTypes.RecordingRunning,
        RtcError.PathRefused => ProblemTypes.PathRefused,
        RtcError.StorageFull => ProblemTypes.StorageFull,
        RtcError.StorageDenied => ProblemTypes.StorageDenied,
        RtcError.StorageFailed => ProblemTypes.StorageFailed,
        _ => ProblemTypes.All.GetValueOrDefault(failure.KindName, ProblemTypes.Internal),
    };
}
