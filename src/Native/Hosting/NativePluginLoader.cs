using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

/// <summary>Loads plugins: shared libraries with the rustbridge plugin ABI.</summary>
/// <remarks>A library stays loaded for the life of the process; loading it again starts another instance.</remarks>
public static partial class NativePluginLoader
{
    /// <summary>Loads a library and starts an instance that logs to categories named by its targets.</summary>
    /// <exception cref="PluginException">The file, a symbol or the start is at fault; the message says which and why.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of range.</exception>
    public static Plugin Load(string path, PluginConfig? config = null, ILoggerFactory? loggers = null) =>
        Start(path, config, loggers);

    /// <summary>As the other overload, with everything logged to one logger.</summary>
    /// <exception cref="PluginException">The file, a symbol or the start is at fault; the message says which and why.</exception>
    public static Plugin Load(string path, PluginConfig? config, ILogger logger) =>
        Start(path, config, new SingleLoggerFactory(logger));

    /// <summary>Checks a bundle, places its library for this process in the cache, loads it and starts an instance.</summary>
    /// <exception cref="BundleException">The bundle is refused; nothing of it was written or run.</exception>
    /// <exception cref="PluginException">The library does not load or does not start.</exception>
    public static Plugin LoadBundle(string path, BundleTrust trust, PluginConfig? config = null, ILoggerFactory? loggers = null)
    {
        using var bundle = PluginBundle.Open(path, trust);
        return Start(bundle.ExtractLibrary(), config, loggers);
    }

    internal static Plugin Start(string path, PluginConfig? config, ILoggerFactory? loggers)
    {
        ArgumentNullException.ThrowIfNull(path);
        var settings = (config ?? new PluginConfig()).ToJsonBytes();
        var image = PluginImage.Load(path);
        var logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger(typeof(NativePluginLoader).FullName!);
        if (image.IsUnsafeGo)
        {
            UnsafeGoLibrary(logger, image.Name);
        }

        var log = loggers is null ? null : TakeLogSink(image, loggers, logger);
        try
        {
            return new Plugin(image, PluginCalls.Start(image, settings, log), config, logger);
        }
        catch
        {
            log?.Dispose();
            throw;
        }
    }

    private static LogSinkLease? TakeLogSink(PluginImage image, ILoggerFactory loggers, ILogger logger)
    {
        var lease = LogSinkLease.Take(image, loggers);
        if (lease is null)
        {
            NoLogSink(logger, image.Name, LogCallbacks.Count);
        }

        return lease;
    }

    [LoggerMessage(EventId = 6004, Level = LogLevel.Warning, Message = "{Plugin} is a Go library without rtc_signal_protect: the process may die under garbage collection")]
    private static partial void UnsafeGoLibrary(ILogger logger, string plugin);

    [LoggerMessage(EventId = 6005, Level = LogLevel.Warning, Message = "{Plugin} runs without a log: all {Count} log sinks are in use")]
    private static partial void NoLogSink(ILogger logger, string plugin, int count);

    private sealed class SingleLoggerFactory(ILogger logger) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
