using Polly;
using Polly.Retry;

namespace GetStream.Http;

/// <summary>Decides which failures are tried again, and when.</summary>
internal static class RetryPolicy
{
    public static ResiliencePipeline? Create(StreamRetryOptions? options, TimeProvider time)
    {
        if (options is null)
        {
            return null;
        }

        var strategy = new RetryStrategyOptions
        {
            MaxRetryAttempts = options.MaxAttempts - 1,
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is StreamApiException failure && ShouldRetry(failure, options, time.GetUtcNow())),
            DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(Delay(
                arguments.AttemptNumber,
                (StreamApiException)arguments.Outcome.Exception!,
                options,
                time.GetUtcNow(),
                Random.Shared.NextDouble())),
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(strategy).Build();
    }

    /// <summary>Whether sending the same request twice has the effect of sending it once (RFC 9110, 9.2.2).</summary>
    public static bool IsIdempotent(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Put || method == HttpMethod.Delete;

    public static bool ShouldRetry(StreamApiException failure, StreamRetryOptions options, DateTimeOffset now) =>
        IsIdempotent(failure.Operation.Method)
        && failure.IsTransient
        && (failure.Kind is StreamErrorKind.Transport || failure.Status is 429)
        && !(RequestedDelay(failure, now) > options.MaxDelay);

    /// <summary>
    /// What the API asked for plus jitter, so that waiting callers do not come back all at once; otherwise full
    /// jitter: anything between nothing and a bound that doubles with each try.
    /// </summary>
    public static TimeSpan Delay(
        int attempt, StreamApiException failure, StreamRetryOptions options, DateTimeOffset now, double random)
    {
        var bound = options.BaseDelay * Math.Min(Math.Pow(2, attempt), options.MaxDelay / options.BaseDelay);
        return RequestedDelay(failure, now) is { } requested
            ? requested + (options.BaseDelay * random)
            : bound * random;
    }

    private static TimeSpan? RequestedDelay(StreamApiException failure, DateTimeOffset now)
    {
        if (failure.Status is not 429)
        {
            return null;
        }

        var requested = failure.RetryAfter ?? (failure.RateLimit is { Remaining: 0 } limit ? limit.Reset - now : null);
        return requested > TimeSpan.Zero ? requested : null;
    }
}
