namespace GetStream.Http;

/// <summary>An answer of the API and what came with it.</summary>
/// <typeparam name="T">The type of the answer's body.</typeparam>
public sealed class StreamResponse<T>
{
    internal StreamResponse(T data, int status, RateLimit? rateLimit, string? requestId, TimeSpan duration)
    {
        Data = data;
        Status = status;
        RateLimit = rateLimit;
        RequestId = requestId;
        Duration = duration;
    }

    /// <summary>The body.</summary>
    public T Data { get; }

    /// <summary>The HTTP status, 200 to 299.</summary>
    public int Status { get; }

    /// <summary>The rate limit of the operation, where the answer told it.</summary>
    public RateLimit? RateLimit { get; }

    /// <summary>The API's id of this request, for support.</summary>
    public string? RequestId { get; }

    /// <summary>From the start of the call to the end of the answer, retries included.</summary>
    public TimeSpan Duration { get; }
}
