namespace GetStream.Webhooks;

/// <summary>Why a delivery is refused.</summary>
public enum WebhookError
{
    /// <summary>Larger than allowed, before or after decompression.</summary>
    TooLarge,

    /// <summary>The signature is missing, or does not fit content and secret.</summary>
    BadSignature,

    /// <summary>A queue message that is not base64, or a notification without a message.</summary>
    BadEnvelope,

    /// <summary>Looks like gzip but cannot be decompressed.</summary>
    BadCompression,

    /// <summary>Not a JSON object, or an event of a known type that lacks what the type needs.</summary>
    BadJson,
}
