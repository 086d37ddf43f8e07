using GetStream.Local.Logging;
using Serilog;
using Serilog.Events;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;

namespace GetStream.Local;

/// <summary>Runs the embedded Stream as a program of its own, until it is told to stop.</summary>
internal static class StandaloneHost
{
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when it did not start.</returns>
    public static async Task<int> RunAsync(StandaloneOptions options, CancellationToken stopping)
    {
        await using var log = new LoggerConfiguration()
            .MinimumLevel.Is(options.Verbose ? LogEventLevel.Debug : LogEventLevel.Information)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.OneLine(lines => lines.Console(formatProvider: System.Globalization.CultureInfo.InvariantCulture))
            .CreateLogger();
        using var loggers = LoggerFactory.Create(logging => logging.AddSerilog(log));
        try
        {
            await using var engine = await RtcEngine.StartAsync(new RtcEngineOptions(), loggers, stopping);
            await using var server = await LocalStreamServer.StartAsync(options.Server, engine, loggers, stopping);
            Announce(server, options.Server);
            await Task.Delay(Timeout.InfiniteTimeSpan, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception exception) when (
            exception is ArgumentException or IOException or RtcException or PluginException)
        {
            await Console.Error.WriteLineAsync($"The embedded Stream did not start: {exception.Message}");
            return 1;
        }
    }

    // The generated secret is shown once: without it nobody could sign a token.
    private static void Announce(LocalStreamServer server, LocalStreamOptions options)
    {
        Console.WriteLine($"Embedded Stream at {server.Url}, API key \"{server.ApiKey}\"");
        Console.WriteLine($"SFU at {server.SfuUrl}");
        if (options.ApiSecret is null)
            Console.WriteLine($"API secret for this run: {server.ApiSecret}");
    }
}
