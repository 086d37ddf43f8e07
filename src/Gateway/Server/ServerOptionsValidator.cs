using System.Net;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;

namespace StreamGateway.Server;

/// <summary>Refuses to serve other machines as long as no key protects the service, and origins that no browser would name.</summary>
internal sealed class ServerOptionsValidator(IOptions<AuthOptions> auth) : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        IPAddress? address = null;
        if (options.Address != ServerOptions.AnyAddress && !IPAddress.TryParse(options.Address, out address))
        {
            return ValidateOptionsResult.Fail("Server:Address must be an IP address, such as 127.0.0.1 or 0.0.0.0, or * for all.");
        }

        if ((address is null || !IPAddress.IsLoopback(address)) && auth.Value.Keys.Count == 0)
        {
            return ValidateOptionsResult.Fail(
                "Server:Address may be another than loopback only when Auth:Keys has at least one key: "
                + "set GATEWAY_KEY, or GATEWAY_KEY_FILE to the path of a file that holds it.");
        }

        if (options.AllowedOrigins.FirstOrDefault(origin => !Origins.IsOrigin(origin)) is { } wrong)
        {
            return ValidateOptionsResult.Fail(
                $"Server:AllowedOrigins may hold origins such as https://app.example.com, without a path and in lower case, not \"{wrong}\".");
        }

        return ValidateOptionsResult.Success;
    }
}
