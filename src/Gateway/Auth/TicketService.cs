using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>
/// Makes and checks tickets: short-lived, signed stand-ins for a key, for clients that cannot set headers.
/// A ticket is <c>payload.signature</c>, both base64url; the signature is HMAC-SHA256.
/// </summary>
internal sealed class TicketService(IOptions<AuthOptions> options, TimeProvider time)
{
    private const int MaximumLength = 2048;

    private readonly byte[] _secret = options.Value.TicketSecret is { } secret
        ? Encoding.UTF8.GetBytes(secret)
        : RandomNumberGenerator.GetBytes(32);

    /// <summary>A ticket reads what its maker may read, and never writes.</summary>
    public (string Ticket, DateTimeOffset ExpiresAt) Create(ClaimsPrincipal caller)
    {
        var expires = time.GetUtcNow() + options.Value.TicketLifetime;
        string[] scopes = [.. new[] { Scopes.SessionsRead, Scopes.EventsRead }.Where(caller.MayUse)];
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new Payload(caller.NameOf(), scopes, expires.ToUnixTimeMilliseconds()));
        return ($"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(Sign(payload))}", expires);
    }

    /// <summary>Null when the ticket is not ours, was altered, or has expired.</summary>
    public ClaimsPrincipal? Read(string ticket)
    {
        if (ticket.Length > MaximumLength || ticket.Split('.') is not [var payloadText, var signatureText]
            || !Base64Url.IsValid(payloadText) || !Base64Url.IsValid(signatureText))
        {
            return null;
        }

        var payload = Base64Url.DecodeFromChars(payloadText);
        if (!CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(signatureText), Sign(payload)))
        {
            return null;
        }

        var content = JsonSerializer.Deserialize<Payload>(payload)!;
        return time.GetUtcNow().ToUnixTimeMilliseconds() < content.ExpiresAt
            ? Principals.Create(content.Name, content.Scopes)
            : null;
    }

    private byte[] Sign(byte[] payload) => HMACSHA256.HashData(_secret, payload);

    private sealed record Payload(string Name, string[] Scopes, long ExpiresAt);
}
