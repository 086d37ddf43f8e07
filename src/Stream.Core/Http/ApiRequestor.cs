using System.Text.Json;
using GetStream.Auth;
using GetStream.Json;
using Microsoft.Extensions.Logging;
using Polly;

namespace GetStream.Http;

/// <summary>The one place that makes a request and reads its answer. Safe from any thread.</summary>
internal sealed partial class ApiRequestor
{
    /// <summary>Room for most addresses, in characters; longer ones move to rented memory.</summary>
    public const int TargetLength = 256;

    private const string ClientName = "stream-gateway-dotnet-" + ApiOperations.SpecVersion;

    private readonly HttpClient _http;
    private readonly StreamClientOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline? _retry;
    private readonly string _baseAddress;
    private readonly string _serverToken;

    public ApiRequestor(HttpClient http, StreamClientOptions options, ILogger logger, TimeProvider time)
    {
        _http = http;
        _options = options;
        _logger = logger;
        _time = time;
        _retry = RetryPolicy.Create(options.Retry, time);
        _baseAddress = options.BaseUrl.AbsoluteUri.TrimEnd('/');
        _serverToken = StreamTokens.CreateServerToken(options.ApiSecret);
    }

    /// <summary>Starts the address of a request in the caller's memory.</summary>
    public RequestTarget Target(Span<char> buffer) => new(buffer, _baseAddress, _options.ApiKey);

    public Task<StreamResponse<TResponse>> SendAsync<TResponse>(
        ApiOperation operation, Uri target, RequestOptions? options, CancellationToken cancellationToken)
        where TResponse : class, IStreamModel<TResponse> =>
        SendAsync<TResponse>(operation, target, content: null, options, _options.Timeout, cancellationToken);

    public Task<StreamResponse<TResponse>> SendAsync<TRequest, TResponse>(
        ApiOperation operation, Uri target, TRequest body, RequestOptions? options, CancellationToken cancellationToken)
        where TRequest : class, IStreamModel<TRequest>
        where TResponse : class, IStreamModel<TResponse>
    {
        ArgumentNullException.ThrowIfNull(body);
        var content = new ModelContent<TRequest>(body);
        return SendAsync<TResponse>(operation, target, content, options, _options.Timeout, cancellationToken);
    }

    public Task<StreamResponse<TResponse>> UploadAsync<TRequest, TResponse>(
        ApiOperation operation,
        Uri target,
        StreamFile file,
        TRequest? fields,
        RequestOptions? options,
        CancellationToken cancellationToken)
        where TRequest : class, IStreamModel<TRequest>
        where TResponse : class, IStreamModel<TResponse>
    {
        ArgumentNullException.ThrowIfNull(file);
        var form = UploadContent.Create(file, fields);
        return SendAsync<TResponse>(operation, target, form, options, _options.UploadTimeout, cancellationToken);
    }

    private async Task<StreamResponse<TResponse>> SendAsync<TResponse>(
        ApiOperation operation,
        Uri target,
        HttpContent? content,
        RequestOptions? options,
        TimeSpan timeout,
        CancellationToken cancellationToken)
        where TResponse : class, IStreamModel<TResponse>
    {
        var call = new Call(operation, target, content, options?.Token ?? _serverToken, _time.GetTimestamp());
        using var ownedContent = content;
        using var deadline = new CancellationTokenSource(options?.Timeout ?? timeout, _time);
        using var forward = cancellationToken.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        var activity = StreamTelemetry.Start(operation, target);
        try
        {
            var response = _retry is not null && RetryPolicy.IsIdempotent(operation.Method)
                ? await RetryingAsync<TResponse>(call, deadline.Token).ConfigureAwait(false)
                : await AttemptAsync<TResponse>(call, deadline.Token).ConfigureAwait(false);
            LogAnswered(operation.Id, response.Status, response.Duration.TotalMilliseconds);
            StreamTelemetry.Stop(activity, operation, target, response.Status, errorType: null, response.Duration);
            return response;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            StreamTelemetry.Stop(
                activity, operation, target, status: null, "cancelled", _time.GetElapsedTime(call.Started));
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception)
        {
            var failure = ApiErrors.Classify(operation, exception);
            var elapsed = _time.GetElapsedTime(call.Started);
            LogFailed(operation.Id, failure.Kind, failure.Status, failure.Code, elapsed.TotalMilliseconds);
            StreamTelemetry.Stop(activity, operation, target, failure.Status, StreamTelemetry.ErrorType(failure), elapsed);
            if (ReferenceEquals(failure, exception))
            {
                throw;
            }

            throw failure;
        }
    }

    private async Task<StreamResponse<TResponse>> RetryingAsync<TResponse>(Call call, CancellationToken cancellationToken)
        where TResponse : class, IStreamModel<TResponse>
    {
        StreamApiException? last = null;
        return await _retry!.ExecuteAsync(
            async token =>
            {
                if (last is not null)
                {
                    LogRetried(call.Operation.Id, last.Kind, last.Status);
                    StreamTelemetry.Retried(call.Operation);
                }

                try
                {
                    return await AttemptAsync<TResponse>(call, token).ConfigureAwait(false);
                }
                catch (Exception exception) when (!token.IsCancellationRequested)
                {
                    last = ApiErrors.Classify(call.Operation, exception);
                    throw last;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<StreamResponse<TResponse>> AttemptAsync<TResponse>(Call call, CancellationToken cancellationToken)
        where TResponse : class, IStreamModel<TResponse>
    {
        // Not disposed: that would dispose the content, which a further attempt needs.
        var request = CreateRequest(call);
        using var response = await _http
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            .ConfigureAwait(false);
        using var body = await ReadBodyAsync(call.Operation, response, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw ApiErrors.FromAnswer(call.Operation, response, body.Written.Span);
        }

        return new StreamResponse<TResponse>(
            ReadModel<TResponse>(call.Operation, response, body.Written.Span),
            (int)response.StatusCode,
            RateLimit.From(response.Headers),
            ApiErrors.RequestId(response),
            _time.GetElapsedTime(call.Started));
    }

    private static HttpRequestMessage CreateRequest(Call call)
    {
        // The HTTP stack sends a request without content again when the connection ends before the answer. With an
        // empty content it does not, so that a POST is never doubled.
        var content = call.Content ?? (RetryPolicy.IsIdempotent(call.Operation.Method) ? null : new ByteArrayContent([]));
        var request = new HttpRequestMessage(call.Operation.Method, call.Target) { Content = content };
        var headers = request.Headers;
        _ = headers.TryAddWithoutValidation("Authorization", call.Token);
        _ = headers.TryAddWithoutValidation("stream-auth-type", "jwt");
        _ = headers.TryAddWithoutValidation("X-Stream-Client", ClientName);
        return request;
    }

    private async Task<PooledBuffer> ReadBodyAsync(
        ApiOperation operation, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var limit = _options.MaxResponseBytes;
        var expected = (int)Math.Clamp(response.Content.Headers.ContentLength ?? 4096, 1, Math.Min(limit, 1 << 20));
        var buffer = new PooledBuffer(expected + 1, limit);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (await stream.ReadAsync(buffer.GetMemory(), cancellationToken).ConfigureAwait(false) is > 0 and var count)
                {
                    buffer.Advance(count);
                    if (buffer.Written.Length > limit)
                    {
                        throw ApiErrors.TooLarge(operation, response, limit);
                    }
                }
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static TResponse ReadModel<TResponse>(
        ApiOperation operation, HttpResponseMessage response, ReadOnlySpan<byte> body)
        where TResponse : class, IStreamModel<TResponse>
    {
        if (response.Content.Headers.ContentType?.MediaType is { } mediaType
            && !mediaType.Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            throw ApiErrors.Invalid(operation, response, $"the media type '{mediaType}' is not JSON");
        }

        try
        {
            return StreamJson.Deserialize<TResponse>(body);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ApiErrors.Invalid(operation, response, exception.Message, exception);
        }
    }

    /// <summary>What stays the same over all attempts of one call.</summary>
    private readonly record struct Call(
        ApiOperation Operation, Uri Target, HttpContent? Content, string Token, long Started);
}
