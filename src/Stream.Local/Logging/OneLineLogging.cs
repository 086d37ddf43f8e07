using Serilog;
using Serilog.Configuration;

namespace GetStream.Local.Logging;

/// <summary>Keeps what clients send from passing for lines of the log.</summary>
public static class OneLineLogging
{
    /// <summary>
    /// Sends events to other sinks with their control characters written out, such as <c>\n</c> or <c>\u001B</c>, whatever
    /// the template and whoever logs.
    /// </summary>
    public static LoggerConfiguration OneLine(
        this LoggerSinkConfiguration sinks, Action<LoggerSinkConfiguration> configure)
    {
        ArgumentNullException.ThrowIfNull(sinks);
        return LoggerSinkConfiguration.Wrap(sinks, sink => new OneLineSink(sink), configure);
    }
}
