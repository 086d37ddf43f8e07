using Microsoft.Extensions.Logging;

namespace StreamGateway.Native.Hosting;

public sealed partial class Plugin
{
    [LoggerMessage(EventId = 6001, Level = Microsoft.Extensions.Logging.LogLevel.Warning, Message = "{Plugin}: calls are still in flight after {Timeout}; stopping it all the same")]
    private static partial void CallsStillInFlight(ILogger logger, string plugin, TimeSpan timeout);

    [LoggerMessage(EventId = 6002, Level = Microsoft.Extensions.Logging.LogLevel.Warning, Message = "{Plugin} says that its stop failed")]
    private static partial void StopFailed(ILogger logger, string plugin);

    [LoggerMessage(EventId = 6003, Level = Microsoft.Extensions.Logging.LogLevel.Error, Message = "{Plugin} did not stop within {Timeout}")]
    private static partial void StopTimedOut(ILogger logger, string plugin, TimeSpan timeout);
}
