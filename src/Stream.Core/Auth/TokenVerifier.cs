using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GetStream.Auth;

/// <summary>Checks tokens of Stream's API. Safe from any thread.</summary>
public static class TokenVerifier
{
    /// <summary>Longer tokens are refused unread, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>How much clocks may differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 8 };

    /// <summary>Checks the signature in constant time, and only then what the token says.</summary>
    /// <param name="token">The token, without "Bearer".</param>
    /// <param name="secret">The application's secret.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public static TokenVerification Verify(string? token, string secret, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        if (token is null or { Length: > MaxLength } || !TrySplit(token, out var parts))
        {
            return TokenError.Malformed;
        }

        if (!IsHs256(parts.Header, out var readable))
        {
            return readable ? TokenError.UnsupportedAlgorithm : TokenError.Malformed;
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var signed = Encoding.UTF8.GetBytes(token[..token.LastIndexOf('.')]);
        _ = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, parts.Signature))
        {
            return TokenError.BadSignature;
        }

        return TryReadClaims(parts.Payload, out var claims)
            ? Check(claims, (time ?? TimeProvider.System).GetUtcNow())
            : TokenError.Malformed;
    }

    private static TokenVerification Check(TokenClaims claims, DateTimeOffset now)
    {
        if (claims.ExpiresAt is { } end && now >= end)
        {
            return TokenError.Expired;
        }

        if (claims.NotBefore is { } start && now < start - ClockSkew)
        {
            return TokenError.NotYetValid;
        }

        if (claims.IssuedAt is { } issued && now < issued - ClockSkew)
        {
            return TokenError.UsedBeforeIssued;
        }

        return claims;
    }

    private static bool TrySplit(string token, out (byte[] Header, byte[] Payload, byte[] Signature) parts)
    {
        parts = default;
        var pieces = token.Split('.');
        if (pieces.Length is not 3)
        {
            return false;
        }

        try
        {
            parts = (
                Base64Url.DecodeFromChars(pieces[0]),
                Base64Url.DecodeFromChars(pieces[1]),
                Base64Url.DecodeFromChars(pieces[2]));
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool IsHs256(byte[] header, out bool readable)
    {
        readable = false;
        try
        {
            using var json = JsonDocument.Parse(header, s_json);
            readable = json.RootElement.ValueKind is JsonValueKind.Object;
            return readable
                && json.RootElement.TryGetProperty("alg"u8, out var algorithm)
                && algorithm.ValueKind is JsonValueKind.String
                && algorithm.ValueEquals("HS256"u8);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryReadClaims(byte[] payload, [NotNullWhen(true)] out TokenClaims? claims)
    {
        claims = null;
        try
        {
            using var json = JsonDocument.Parse(payload, s_json);
            var root = json.RootElement;
            if (root.ValueKind is not JsonValueKind.Object)
            {
                return false;
            }

            var userId = Text(root, "user_id"u8);
            claims = new TokenClaims
            {
                UserId = userId,
                // Some of the official server SDKs sign no claims at all.
                IsServer = userId is null || (root.TryGetProperty("server"u8, out var server) && server.ValueKind is JsonValueKind.True),
                IssuedAt = Time(root, "iat"u8),
                ExpiresAt = Time(root, "exp"u8),
                NotBefore = Time(root, "nbf"u8),
                Role = Text(root, "role"u8),
                CallCids = root.TryGetProperty("call_cids"u8, out var cids) && cids.ValueKind is not JsonValueKind.Null
                    ? [.. cids.EnumerateArray().Select(cid => cid.GetString() ?? throw new FormatException())]
                    : null,
            };
            return userId is not "";
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string? Text(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>Seconds since 1970, possibly with a fraction.</summary>
    /// <exception cref="FormatException">Not a time of the calendar.</exception>
    private static DateTimeOffset? Time(JsonElement json, ReadOnlySpan<byte> name)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null)
        {
            return null;
        }

        var seconds = value.GetDouble();
        return seconds is >= 0 and < 253_402_300_800
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : throw new FormatException("Not a time.");
    }
}
