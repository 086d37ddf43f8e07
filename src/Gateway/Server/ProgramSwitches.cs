using System.Reflection;

namespace StreamGateway.Server;

/// <summary>What the program is asked for instead of serving. Every other argument is a setting.</summary>
internal static class ProgramSwitches
{
    private const string Help = """
        Stream Gateway: Stream's chat, video calls, feeds and moderation over plain HTTP.

          Gateway [--Section:Key=value ...]   serves until SIGTERM or Ctrl+C
          Gateway --health [live|ready]       asks the gateway that runs here with the same settings how it is;
                                              ends with 0 when it is well, with 1 and a sentence otherwise
          Gateway --version                   tells its version
          Gateway --help                      tells this

        Settings come from appsettings.json, files in /run/secrets, environment variables (Section__Key) and arguments.
        GATEWAY_KEY, or a file that GATEWAY_KEY_FILE names, protects it; Server__Address=* then serves other machines.
        PORT (8080), STREAM_API_KEY and STREAM_API_SECRET say where, and for which Stream application.
        docs/settings.md has all of them.
        """;

    private static string Version =>
        typeof(ProgramSwitches).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <returns>The exit code; null when the service is to start.</returns>
    public static async Task<int?> AnswerAsync(string[] args) => args switch
    {
        ["--help" or "-h"] => Print(Help),
        ["--version"] => Print($"Stream Gateway {Version}"),
        ["--health"] or ["--health", "ready"] => await HealthProbe.RunAsync("ready"),
        ["--health", "live"] => await HealthProbe.RunAsync("live"),
        ["--health", ..] => Refuse("--health takes live or ready, and nothing else; settings come from the environment."),
        _ => null,
    };

    private static int Print(string text)
    {
        Console.WriteLine(text);
        return 0;
    }

    private static int Refuse(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 1;
    }
}
