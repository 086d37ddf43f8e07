using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GetStream.Auth;

/// <summary>Makes the tokens of Stream's API: JWTs signed with HMAC-SHA-256 and the application's secret.</summary>
public static class StreamTokens
{
    /// <summary>How far the issue time is set back, so that a server whose clock is behind takes the token at once.</summary>
    public static readonly TimeSpan IssueSkew = TimeSpan.FromSeconds(5);

    /// <summary>{"alg":"HS256","typ":"JWT"}</summary>
    private const string Header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A token with which one user connects and calls the API.</summary>
    /// <param name="secret">The application's secret.</param>
    /// <param name="userId">The user's id.</param>
    /// <param name="claims">Lifetime and restrictions; null for a token without end.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">Secret or user id is empty, or a lifetime is not positive.</exception>
    public static string CreateUserToken(
        string secret, string userId, UserTokenClaims? claims = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        claims ??= new UserTokenClaims();
        if (claims.ExpiresIn is { } lifetime)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        }

        var now = (time ?? TimeProvider.System).GetUtcNow();
        return Sign(secret, writer =>
        {
            writer.WriteString("user_id"u8, userId);
            writer.WriteNumber("iat"u8, (now - IssueSkew).ToUnixTimeSeconds());
            if (claims.ExpiresIn is { } expiresIn)
            {
                writer.WriteNumber("exp"u8, (now + expiresIn).ToUnixTimeSeconds());
            }

            if (claims.Role is { } role)
            {
                writer.WriteString("role"u8, role);
            }

            if (claims.CallCids is { } cids)
            {
                writer.WriteStartArray("call_cids"u8);
                foreach (var cid in cids)
                {
                    writer.WriteStringValue(cid);
                }

                writer.WriteEndArray();
            }
        });
    }

    /// <summary>A token with which the application's own server calls the API; it never expires.</summary>
    /// <param name="secret">The application's secret.</param>
    /// <exception cref="ArgumentException">The secret is empty.</exception>
    public static string CreateServerToken(string secret) =>
        Sign(secret, static writer => writer.WriteBoolean("server"u8, true));

    private static string Sign(string secret, Action<Utf8JsonWriter> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        var payload = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(payload, s_json))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        var unsigned = $"{Header}.{Base64Url.EncodeToString(payload.WrittenSpan)}";
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _ = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(unsigned), signature);
        return $"{unsigned}.{Base64Url.EncodeToString(signature)}";
    }
}
