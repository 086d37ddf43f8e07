namespace StreamGateway.Sessions;

/// <content>What the pool logs. Ids 2000 to 2009; an id is never given another meaning.</content>
internal sealed partial class SessionPool
{
    [LoggerMessage(2000, LogLevel.Information, "{Cid} session {SessionId}: {UserId} joined in {Milliseconds:0} ms")]
    private partial void LogJoined(string cid, string sessionId, string userId, double milliseconds);

    [LoggerMessage(2001, LogLevel.Information, "{Cid} session {SessionId} ended: {Reason}")]
    private partial void LogEnded(string cid, string sessionId, string reason);

    [LoggerMessage(2002, LogLevel.Information, "Stopping: {Count} sessions leave their calls")]
    private partial void LogDraining(int count);

    [LoggerMessage(2003, LogLevel.Information, "Stopping: done, {Remaining} sessions did not leave in time")]
    private partial void LogDrained(int remaining);

    [LoggerMessage(2004, LogLevel.Warning, "{Cid} session {SessionId} could not leave while stopping")]
    private partial void LogLeaveFailed(Exception exception, string cid, string sessionId);
}
