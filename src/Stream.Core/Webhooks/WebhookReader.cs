using System.Buffers;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Json;
using GetStream.Models;

namespace GetStream.Webhooks;

/// <summary>Checks and reads what Stream delivers: webhooks over HTTP, and messages from SQS and SNS.</summary>
/// <param name="secret">The application's secret, with which webhooks are signed.</param>
/// <param name="maxBytes">The largest event accepted, decompressed, in bytes.</param>
/// <remarks>
/// Stream signs the event before it compresses it. The signature is therefore checked while the delivery is being
/// decompressed through a small fixed buffer: nothing that is not signed is ever held, however far it would inflate.
/// Safe from any thread.
/// </remarks>
public sealed class WebhookReader(string secret, int maxBytes = WebhookReader.DefaultMaxBytes)
{
    /// <summary>The largest event accepted unless told otherwise: 8 MiB.</summary>
    public const int DefaultMaxBytes = 8 * 1024 * 1024;

    private const int ChunkBytes = 16 * 1024;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(secret);

    /// <summary>Checks the signature of a webhook and reads its event.</summary>
    /// <param name="body">The body as it came, compressed or not.</param>
    /// <param name="signature">The header <c>X-Signature</c>: an HMAC-SHA-256 in hexadecimal.</param>
    /// <exception cref="WebhookException">The delivery is refused; the error says why.</exception>
    public WHEvent ReadHttp(ReadOnlyMemory<byte> body, string? signature) => Parse(OpenHttp(body, signature).Span);

    /// <summary>Checks the signature of a webhook and answers its JSON, decompressed and otherwise untouched.</summary>
    /// <inheritdoc cref="ReadHttp"/>
    public ReadOnlyMemory<byte> OpenHttp(ReadOnlyMemory<byte> body, string? signature)
    {
        ThrowIfTooLarge(body.Length);
        Span<byte> claimed = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (signature is null
            || signature.Length != claimed.Length * 2
            || Convert.FromHexString(signature, claimed, out _, out _) is not OperationStatus.Done)
        {
            throw new WebhookException(WebhookError.BadSignature, "The signature is not 64 hexadecimal digits.");
        }

        Span<byte> actual = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var length = Hash(body, actual);
        return CryptographicOperations.FixedTimeEquals(claimed, actual)
            ? Inflate(body, length)
            : throw new WebhookException(WebhookError.BadSignature, "The signature does not fit the event.");
    }

    /// <summary>Reads the body of an SQS message: base64, then gzip where used. Queues are trusted; there is no signature.</summary>
    /// <exception cref="WebhookException">The message is refused; the error says why.</exception>
    public WHEvent ReadSqs(string body)
    {
        ArgumentNullException.ThrowIfNull(body);

        // Two thirds of the text at least are content, and compressed content only grows.
        ThrowIfTooLarge(body.Length / 4L * 3);
        byte[] content;
        try
        {
            content = Convert.FromBase64String(body);
        }
        catch (FormatException exception)
        {
            throw new WebhookException(WebhookError.BadEnvelope, "The message is not base64.", exception);
        }

        return Parse(Inflate(content, Measure(content)).Span);
    }

    /// <summary>Reads an SNS notification, either its whole JSON envelope or only the <c>Message</c> in it.</summary>
    /// <exception cref="WebhookException">The notification is refused; the error says why.</exception>
    public WHEvent ReadSns(string notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        ThrowIfTooLarge(notification.Length / 4L * 3);
        var text = notification.AsSpan().TrimStart("\uFEFF \t\r\n");
        return ReadSqs(text is ['{', ..] ? Message(text.ToString()) : notification);
    }

    /// <summary>Reads an event that was checked already.</summary>
    /// <exception cref="WebhookException">The JSON is refused.</exception>
    public static WHEvent Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return StreamJson.Deserialize<WHEvent>(json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new WebhookException(WebhookError.BadJson, $"Not an event: {exception.Message}", exception);
        }
    }

    private static string Message(string envelope)
    {
        try
        {
            using var json = JsonDocument.Parse(envelope);
            if (json.RootElement.TryGetProperty("Message"u8, out var message)
                && message.ValueKind is JsonValueKind.String)
            {
                return message.GetString()!;
            }
        }
        catch (JsonException exception)
        {
            throw new WebhookException(WebhookError.BadEnvelope, "The notification is not JSON.", exception);
        }

        throw new WebhookException(WebhookError.BadEnvelope, "The notification has no message.");
    }

    /// <summary>Hashes the event through a small buffer and tells its decompressed length.</summary>
    private int Hash(ReadOnlyMemory<byte> body, Span<byte> hash)
    {
        if (!IsGzip(body.Span))
        {
            _ = HMACSHA256.HashData(_key, body.Span, hash);
            return body.Length;
        }

        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        var length = Walk(body, hmac);
        _ = hmac.GetHashAndReset(hash);
        return length;
    }

    private int Measure(ReadOnlyMemory<byte> body)
    {
        var length = IsGzip(body.Span) ? Walk(body, hmac: null) : body.Length;
        ThrowIfTooLarge(length);
        return length;
    }

    private int Walk(ReadOnlyMemory<byte> body, IncrementalHash? hmac)
    {
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            using var gzip = Open(body);
            var length = 0;
            while (gzip.Read(chunk) is > 0 and var count)
            {
                length += count;
                ThrowIfTooLarge(length);
                hmac?.AppendData(chunk, 0, count);
            }

            return length;
        }
        catch (InvalidDataException exception)
        {
            throw new WebhookException(WebhookError.BadCompression, "The gzip data is broken.", exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private static ReadOnlyMemory<byte> Inflate(ReadOnlyMemory<byte> body, int length)
    {
        if (!IsGzip(body.Span))
        {
            return body;
        }

        var content = new byte[length];
        using var gzip = Open(body);
        gzip.ReadExactly(content);
        return content;
    }

    private static GZipStream Open(ReadOnlyMemory<byte> body)
    {
        var bytes = MemoryMarshal.TryGetArray(body, out var array) ? array : new ArraySegment<byte>(body.ToArray());
        return new GZipStream(
            new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false), CompressionMode.Decompress);
    }

    private static bool IsGzip(ReadOnlySpan<byte> body) => body is [0x1F, 0x8B, ..];

    private void ThrowIfTooLarge(long length)
    {
        if (length > maxBytes)
        {
            throw new WebhookException(WebhookError.TooLarge, $"The event is larger than {maxBytes} bytes.");
        }
    }
}
