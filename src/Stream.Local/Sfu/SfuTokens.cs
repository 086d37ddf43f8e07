using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Sfu;

/// <summary>Makes the tokens with which participants come to the SFU.</summary>
internal sealed class SfuTokens(TimeProvider clock)
{
    /// <summary>{"alg":"HS256","typ":"JWT"}</summary>
    private const string Header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

    // A reconnect shows the same token again.
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(24);

    /// <summary>Shared with the SFU; new for every start.</summary>
    public string Secret { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <param name="maxParticipants">Null for as many as come.</param>
    public string Create(
        string edgeName, string cid, SfuUser user, string role, bool anonymous, RtcGrants grants, int? maxParticipants)
    {
        var now = clock.GetUtcNow();
        var claims = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(claims))
        {
            writer.WriteStartObject();
            writer.WriteString("user_id", user.Id);
            writer.WriteString("call_cid", cid);
            writer.WriteString("role", role);
            writer.WriteString("name", user.Name);
            writer.WriteString("image", user.Image);
            writer.WritePropertyName("custom");
            user.Custom.WriteTo(writer);
            writer.WriteBoolean("anonymous", anonymous);
            writer.WriteBoolean("can_publish_audio", grants.CanPublishAudio);
            writer.WriteBoolean("can_publish_video", grants.CanPublishVideo);
            writer.WriteBoolean("can_screenshare", grants.CanScreenshare);
            if (maxParticipants is { } limit)
                writer.WriteNumber("max_participants", limit);
            writer.WriteString("sfu", edgeName);
            writer.WriteNumber("iat", now.ToUnixTimeSeconds());
            writer.WriteNumber("exp", (now + s_lifetime).ToUnixTimeSeconds());
            writer.WriteEndObject();
        }

        var signed = $"{Header}.{Base64Url.EncodeToString(claims.WrittenSpan)}";
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed));
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }
}
