using GetStream.Http;
using GetStream.Models;

namespace GetStream;

/// <summary>A call of the API failed.</summary>
public sealed class StreamApiException : Exception
{
    internal StreamApiException(
        StreamErrorKind kind, string message, ApiOperation operation, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Operation = operation;
    }

    /// <summary>How it failed.</summary>
    public StreamErrorKind Kind { get; }

    /// <summary>What was called.</summary>
    public ApiOperation Operation { get; }

    /// <summary>The HTTP status, or null when there was no answer.</summary>
    public int? Status { get; internal init; }

    /// <summary>The error as the API described it, where it did.</summary>
    public APIError? Error { get; internal init; }

    /// <summary>The API's error code, 4 for bad input and 9 for rate limits for instance; null where it gave none.</summary>
    public int? Code => Error?.Code;

    /// <summary>The rate limit that came with the answer.</summary>
    public RateLimit? RateLimit { get; internal init; }

    /// <summary>How long the API asks to wait before the next try.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>The API's id of this request, for support.</summary>
    public string? RequestId { get; internal init; }

    /// <summary>
    /// Whether the same call can succeed later: not for refusals, but for rate limits, broken connections and
    /// failing servers. A call that is not idempotent may have been carried out all the same.
    /// </summary>
    public bool IsTransient => Kind switch
    {
        StreamErrorKind.Timeout or StreamErrorKind.Transport => true,
        StreamErrorKind.Api => Error?.Unrecoverable is not true && Status is 408 or 429 or >= 500,
        _ => false,
    };
}
