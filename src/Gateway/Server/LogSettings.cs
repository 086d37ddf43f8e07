using Serilog.Core;
using Serilog.Events;

namespace StreamGateway.Server;

/// <summary>Makes the log that the section <c>Serilog</c> describes.</summary>
internal static class LogSettings
{
    /// <exception cref="StartupException">A level is none, or Serilog does not understand the section.</exception>
    public static Logger Create(IConfiguration configuration)
    {
        CheckLevels(configuration.GetSection("Serilog:MinimumLevel"));
        try
        {
            return LogSinks.Create(configuration);
        }
        catch (Exception bad) when (bad is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new StartupException($"The section Serilog is not usable: {bad.Message}", bad);
        }
    }

    private static void CheckLevels(IConfigurationSection level)
    {
        foreach (var setting in level.GetSection("Override").GetChildren().Append(level).Append(level.GetSection("Default")))
        {
            if (setting.Value is { } given && !Enum.TryParse<LogEventLevel>(given, ignoreCase: true, out _))
            {
                throw new StartupException(
                    $"{setting.Path} must be one of {string.Join(", ", Enum.GetNames<LogEventLevel>())}, not \"{given}\".");
            }
        }
    }
}
