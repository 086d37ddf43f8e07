namespace GetStream.Webhooks;

/// <summary>A delivery was refused.</summary>
public sealed class WebhookException : Exception
{
    internal WebhookException(WebhookError error, string message, Exception? inner = null)
        : base(message, inner) =>
        Error = error;

    /// <summary>Why.</summary>
    public WebhookError Error { get; }
}
