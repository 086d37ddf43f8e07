using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamGateway.Native.Interop;

/// <summary>Turns what a plugin logs into .NET logging; a target becomes a category.</summary>
/// <remarks>Any thread.</remarks>
internal sealed unsafe partial class PluginLogSink(ILoggerFactory loggers)
{
    private const int MaxCategories = 256;
    private const string OtherCategory = "plugin";

    private readonly ConcurrentDictionary<string, ILogger> _categories = new();

    internal void Write(byte level, byte* target, ReadOnlySpan<byte> message)
    {
        var logger = Category(NativeText.ReadTerminated(target));
        var logLevel = ToLogLevel(level);
        if (logger.IsEnabled(logLevel))
        {
            PluginSays(logger, logLevel, NativeText.Read(message));
        }
    }

    // A plugin that makes up targets must not grow the table without end.
    private ILogger Category(string target)
    {
        if (_categories.TryGetValue(target, out var known))
        {
            return known;
        }

        var name = target.Length == 0 || _categories.Count >= MaxCategories ? OtherCategory : target;
        return _categories.GetOrAdd(name, static (category, factory) => factory.CreateLogger(category), loggers);
    }

    private static LogLevel ToLogLevel(byte level) => level switch
    {
        0 => LogLevel.Trace,
        1 => LogLevel.Debug,
        2 => LogLevel.Information,
        3 => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    [LoggerMessage(EventId = 6000, EventName = "PluginSays", Message = "{Message}")]
    private static partial void PluginSays(ILogger logger, LogLevel level, string message);
}
