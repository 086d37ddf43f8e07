using System.Text;
using System.Text.Json;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

/// <summary>The one place where answers of a plugin become a payload or an exception.</summary>
/// <remarks>
/// A success is <c>{"status":"success","payload":…}</c>. A failure is an envelope as well, or plain text when it arose
/// at the border itself. The code beside the answer decides; the code in an envelope repeats it.
/// </remarks>
internal static class PluginEnvelope
{
    private const int MaxErrorText = 4096;

    private static ReadOnlySpan<byte> NullPayload => "null"u8;

    private static ReadOnlySpan<byte> SuccessHead => "{\"status\":\"success\",\"payload\":"u8;

    /// <summary>The payload's JSON, as a part of the envelope.</summary>
    /// <exception cref="PluginException">The plugin refused, or its answer is no envelope.</exception>
    internal static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> envelope, uint errorCode, string tag) =>
        TryReadPayload(envelope, errorCode, out var payload) ? payload : throw Failure(envelope, errorCode, tag);

    /// <summary>Finds the payload; when there is none, <see cref="Failure"/> says why.</summary>
    internal static bool TryReadPayload(ReadOnlySpan<byte> envelope, uint errorCode, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        return errorCode == 0 && (TrySlicePayload(envelope, out payload) || TryParsePayload(envelope, out payload));
    }

    /// <summary>Turns a refusal into its exception. <paramref name="body"/> is an envelope or plain text.</summary>
    internal static PluginException Failure(ReadOnlySpan<byte> body, uint errorCode, string tag)
    {
        var error = ReadError(body);
        if (errorCode == 0)
        {
            return error.Code == 0
                ? new(PluginErrorCode.SerializationError, "The plugin answered something that is no response envelope.") { Tag = tag }
                : new((PluginErrorCode)error.Code, error.Message) { Tag = tag, Details = error.Details };
        }

        return new((PluginErrorCode)errorCode, error.Message) { Tag = tag, Details = error.Details };
    }

    // What every known plugin sends: the payload second and last. Anything else is for the parser.
    private static bool TrySlicePayload(ReadOnlySpan<byte> envelope, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (!envelope.StartsWith(SuccessHead))
        {
            return false;
        }

        var rest = envelope[SuccessHead.Length..];
        var length = JsonScanner.LengthOfFirstValue(rest);
        if (length < 0 || length + 1 != rest.Length || rest[length] != '}')
        {
            return false;
        }

        payload = rest[..length];
        return true;
    }

    private static bool TryParsePayload(ReadOnlySpan<byte> envelope, out ReadOnlySpan<byte> payload)
    {
        payload = NullPayload;
        if (envelope.IsEmpty)
        {
            return true;
        }

        try
        {
            var succeeded = false;
            var reader = new Utf8JsonReader(envelope);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("payload"u8))
                {
                    reader.Read();
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    payload = envelope[start..(int)reader.BytesConsumed];
                }
                else if (reader.ValueTextEquals("status"u8))
                {
                    reader.Read();
                    succeeded = reader.ValueTextEquals("success"u8);
                }
                else
                {
                    reader.Skip();
                }
            }

            return succeeded && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            // A status that is no string.
            return false;
        }
    }

    private static (uint Code, string Message, string? Details) ReadError(ReadOnlySpan<byte> body)
    {
        try
        {
            return ReadErrorEnvelope(body);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return (0, NativeText.Read(body[..Math.Min(body.Length, MaxErrorText)]), null);
        }
    }

    private static (uint Code, string Message, string? Details) ReadErrorEnvelope(ReadOnlySpan<byte> body)
    {
        var code = 0u;
        string? message = null;
        string? details = null;
        var reader = new Utf8JsonReader(body.TrimEnd((byte)0));
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException();
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("error_code"u8))
            {
                reader.Read();
                code = reader.GetUInt32();
            }
            else if (reader.ValueTextEquals("error_message"u8))
            {
                reader.Read();
                message = reader.GetString();
            }
            else if (reader.ValueTextEquals("error_details"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                details = Encoding.UTF8.GetString(body[start..(int)reader.BytesConsumed]);
            }
            else
            {
                reader.Skip();
            }
        }

        return (code, message ?? throw new FormatException(), details);
    }
}
