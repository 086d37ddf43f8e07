using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using StreamGateway.Connections;
using StreamGateway.Sessions;
using StreamGateway.Settings;

namespace StreamGateway.Server;

internal static class GatewayRunner
{
    private static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(1);

    /// <summary>Why the process cannot start at all, found with nothing but the runtime; null when it may.</summary>
    public static string? Obstacle() => OpenFiles.Limit is { } limit ? DescriptorBudget.TooFew(limit) : null;

    /// <summary>Runs until SIGTERM or Ctrl+C. A setting or a port that is not usable ends it with a sentence and exit code 1.</summary>
    public static async Task<int> RunGatewayAsync(this WebApplication app)
    {
        try
        {
            if (app.Services.GetService<StartupException>() is { } unusable)
            {
                throw unusable;
            }

            app.Services.GetRequiredService<SettingsSections>().Check();
            // Here rather than in Kestrel's options: a bad address is then a sentence, not a stack trace out of Build.
            var server = app.Services.GetRequiredService<IOptions<ServerOptions>>().Value;
            app.Urls.Add(server.ToUrl());
            // Requests that are not over when the sessions have left have little longer: half-sent ones would hold the stop up.
            app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout =
                app.Services.GetRequiredService<IOptions<SessionPoolOptions>>().Value.DrainTimeout + AfterDrain;
            await app.RunAsync();
            return 0;
        }
        catch (Exception failure) when (Explain(failure) is { } sentences)
        {
            return Refuse(sentences);
        }
    }

    /// <summary>Tells why the service does not start.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(params IEnumerable<string> sentences)
    {
        foreach (var sentence in sentences)
        {
            Console.Error.WriteLine($"The gateway cannot start. {sentence}");
        }

        return 1;
    }

    private static IEnumerable<string>? Explain(Exception failure) => failure switch
    {
        OptionsValidationException invalid => invalid.Failures,
        AggregateException many when many.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            many.InnerExceptions.SelectMany(inner => ((OptionsValidationException)inner).Failures),
        StartupException startup => [startup.Message],
        IOException { InnerException: AddressInUseException } taken => [$"{taken.Message} Server:Port names another port."],
        IOException io => [io.Message],
        SocketException socket => [$"Nothing can listen at Server:Address and Server:Port: {socket.Message}."],
        _ => null,
    };
}
