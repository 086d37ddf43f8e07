using GetStream.Local.Logging;
using Serilog;
using Serilog.Core;

namespace StreamGateway.Server;

/// <summary>Makes the log that the section <c>Serilog</c> describes, in which nobody can forge a line.</summary>
internal static class LogSinks
{
    private const string Levels = "Serilog:MinimumLevel";

    /// <summary>Two loggers: one decides what is logged and writes out its control characters, the other has the sinks.</summary>
    public static Logger Create(IConfiguration configuration)
    {
        var sinks = new LoggerConfiguration()
            .ReadFrom.Configuration(Part(configuration, isLevels: false))
            .MinimumLevel.Verbose()
            .CreateLogger();
        return new LoggerConfiguration()
            .ReadFrom.Configuration(Part(configuration, isLevels: true))
            .WriteTo.OneLine(lines => lines.Logger(sinks, attemptDispose: true))
            .CreateLogger();
    }

    private static IConfiguration Part(IConfiguration configuration, bool isLevels) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(configuration.AsEnumerable()
                .Where(setting => setting.Key.StartsWith(Levels, StringComparison.OrdinalIgnoreCase) == isLevels))
            .Build();
}
