using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>
/// Makes and checks tickets: short-lived, signed stand-ins for a key, for clients that cannot set headers.
/// A ticket is <c>payload.signature</c>, both base64url; the signature is HMAC-SHA256.
/// </summary>
internal sealed class TicketService(IOptions<AuthOptions> options, TimeProvider time)
{
    private const int MaximumLength = 16 * 1024;

    private static readonly JsonSerializerOptions Short = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] _secret = options.Value.TicketSecret is { } secret
        ? Encoding.UTF8.GetBytes(secret)
        : RandomNumberGenerator.GetBytes(32);

    /// <summary>Where it opens something, a ticket may do what its maker may; it opens nothing else.</summary>
    public (string Ticket, DateTimeOffset ExpiresAt) Create(ClaimsPrincipal maker, TicketGrant grant)
    {
        var expires = time.GetUtcNow() + options.Value.TicketLifetime;
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new Payload(maker.NameOf(), [.. maker.ScopesOf()], grant.Paths, grant.Below, expires.ToUnixTimeMilliseconds()), Short);
        return ($"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(Sign(payload))}", expires);
    }

    /// <summary>Whom a ticket stands for on a path; null with a reason.</summary>
    public ClaimsPrincipal? Read(string ticket, PathString path, out string? refusal)
    {
        refusal = "The ticket is not valid any more, or never was.";
        if (Open(ticket) is not { } content || time.GetUtcNow().ToUnixTimeMilliseconds() >= content.ExpiresAt)
        {
            return null;
        }

        if (!new TicketGrant(content.Paths, content.Below).Opens(path))
        {
            refusal = "The ticket is not for this path.";
            return null;
        }

        refusal = null;
        return Principals.Create(content.Name, content.Scopes);
    }

    /// <summary>Null when the ticket is not ours, or was altered.</summary>
    private Payload? Open(string ticket) =>
        ticket.Length <= MaximumLength && ticket.Split('.') is [var payloadText, var signatureText]
        && Decode(payloadText) is { } payload && Decode(signatureText) is { } signature
        && CryptographicOperations.FixedTimeEquals(signature, Sign(payload))
            ? JsonSerializer.Deserialize<Payload>(payload)
            : null;

    /// <summary>The one spelling there is: the decoder by itself would let padding, blanks and spare bits pass.</summary>
    private static byte[]? Decode(string text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes) == text ? bytes : null;
    }

    private byte[] Sign(byte[] payload) => HMACSHA256.HashData(_secret, payload);

    private sealed record Payload(
        string Name, string[] Scopes, IReadOnlyList<string> Paths, IReadOnlyList<string> Below, long ExpiresAt);
}
