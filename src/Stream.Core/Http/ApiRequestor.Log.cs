using Microsoft.Extensions.Logging;

namespace GetStream.Http;

// Never an address, a header or a body: they carry keys and tokens.
internal sealed partial class ApiRequestor
{
    [LoggerMessage(1101, LogLevel.Debug, "{Operation} answered {Status} after {ElapsedMs:0.0} ms", EventName = "Answered")]
    private partial void LogAnswered(string operation, int status, double elapsedMs);

    [LoggerMessage(
        1102,
        LogLevel.Warning,
        "{Operation} failed: {Kind}, status {Status}, code {Code}, after {ElapsedMs:0.0} ms",
        EventName = "Failed")]
    private partial void LogFailed(string operation, StreamErrorKind kind, int? status, int? code, double elapsedMs);

    [LoggerMessage(1103, LogLevel.Information, "{Operation} is sent again after {Kind}, status {Status}", EventName = "Retried")]
    private partial void LogRetried(string operation, StreamErrorKind kind, int? status);
}
