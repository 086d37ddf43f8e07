using System.Net;
using System.Text.Json;
using StreamGateway.Settings;

namespace StreamGateway.Server;

/// <summary>Asks the gateway of this machine how it is, for health checks of containers that hold no other program.</summary>
internal static class HealthProbe
{
    private const int LongestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="question"><c>live</c> or <c>ready</c>.</param>
    /// <returns>The exit code: 0 when it is well.</returns>
    public static async Task<int> RunAsync(string question)
    {
        try
        {
            return await AskAsync($"{FindGateway()}/health/{question}");
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException)
        {
            return Fail(failure is OperationCanceledException ? $"no answer within {Patience.TotalSeconds} seconds" : failure.Message);
        }
        catch (Exception failure) when (failure is StartupException or InvalidOperationException)
        {
            return Fail(failure.Message);
        }
    }

    private static string FindGateway()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.AddGatewaySettings();
        var server = builder.Configuration.GetSection(ServerOptions.Section).Get<ServerOptions>() ?? new ServerOptions();
        return server.Port == 0
            ? throw new StartupException("Server:Port is 0, so nobody knows where to ask.")
            : server.ToLocalUrl();
    }

    private static async Task<int> AskAsync(string url)
    {
        // A proxy that the environment names is for requests to others.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        using var response = await client.GetAsync(url);
        if (response.StatusCode is HttpStatusCode.OK)
        {
            return 0;
        }

        return Fail($"{url} answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private static int Fail(string reason)
    {
        Console.Error.WriteLine($"The gateway is not well: {reason}");
        return 1;
    }
}
