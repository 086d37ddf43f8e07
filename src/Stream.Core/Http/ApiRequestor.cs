using System.Diagnostics;
using System.Net;
using System.Text.Json;
using GetStream.Auth;
using GetStream.Json;
using GetStream.Models;
using Microsoft.Extensions.Logging;

namespace GetStream.Http;

/// <summary>The one place that makes a request and reads its answer.</summary>
/// <remarks>Safe from any thread. Never logs an address, a header or a body: they carry keys and tokens.</remarks>
internal sealed partial class ApiRequestor
{
    /// <summary>Room for most addresses, in characters; longer ones move to rented memory.</summary>
    public const int TargetLength = 256;

    private static readonly string s_clientName =
        $"stream-gateway-dotnet-{typeof(ApiRequestor).Assembly.GetName().Version?.ToString(3)}";

    private readonly HttpClient _http;
    private readonly StreamClientOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly string _baseAddress;
    private readonly string _serverToken;

    public ApiRequestor(HttpClient http, StreamClientOptions options, ILogger logger, TimeProvider time)
    {
        _http = http;
        _options = options;
        _logger = logger;
        _time = time;
        _baseAddress = options.BaseUrl.AbsoluteUri.TrimEnd('/');
        _serverToken = StreamTokens.CreateServerToken(options.ApiSecret);
    }

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
        return SendAsync<TResponse>(
            operation, target, new ModelContent<TRequest>(body), options, _options.Timeout, cancellationToken);
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
        var started = _time.GetTimestamp();
        using var deadline = new CancellationTokenSource(options?.Timeout ?? timeout, _time);
        using var forward = cancellationToken.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        using var request = CreateRequest(operation, target, content, options);
        try
        {
            using var response = await _http
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token)
                .ConfigureAwait(false);
            using var body = await ReadBodyAsync(operation, response, deadline.Token).ConfigureAwait(false);
            ThrowUnlessSuccess(operation, response, body.Written.Span);
            var data = ReadModel<TResponse>(operation, response, body.Written.Span);
            var elapsed = _time.GetElapsedTime(started);
            LogAnswered(operation.Id, (int)response.StatusCode, elapsed.TotalMilliseconds);
            return new StreamResponse<TResponse>(
                data,
                (int)response.StatusCode,
                RateLimit.From(response.Headers),
                ApiErrors.RequestId(response),
                elapsed);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception)
        {
            var failure = ApiErrors.Classify(operation, exception);
            LogFailed(operation.Id, failure.Kind, failure.Status, _time.GetElapsedTime(started).TotalMilliseconds);
            if (ReferenceEquals(failure, exception))
            {
                throw;
            }

            throw failure;
        }
    }

    private HttpRequestMessage CreateRequest(
        ApiOperation operation, Uri target, HttpContent? content, RequestOptions? options)
    {
        var request = new HttpRequestMessage(operation.Method, target) { Content = content };
        var headers = request.Headers;
        _ = headers.TryAddWithoutValidation("Authorization", options?.Token ?? _serverToken);
        _ = headers.TryAddWithoutValidation("stream-auth-type", "jwt");
        _ = headers.TryAddWithoutValidation("X-Stream-Client", s_clientName);
        return request;
    }

    private async Task<PooledBuffer> ReadBodyAsync(
        ApiOperation operation, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var limit = _options.MaxResponseBytes;
        var expected = Math.Clamp(response.Content.Headers.ContentLength ?? 4096, 1, limit);
        var buffer = new PooledBuffer((int)expected + 1, limit);
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

    private static void ThrowUnlessSuccess(ApiOperation operation, HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw ApiErrors.FromAnswer(operation, response, body);
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

    [LoggerMessage(1101, LogLevel.Debug, "{Operation} answered {Status} after {ElapsedMs:0.0} ms", EventName = "Answered")]
    private partial void LogAnswered(string operation, int status, double elapsedMs);

    [LoggerMessage(1102, LogLevel.Warning, "{Operation} failed: {Kind}, status {Status}, after {ElapsedMs:0.0} ms", EventName = "Failed")]
    private partial void LogFailed(string operation, StreamErrorKind kind, int? status, double elapsedMs);
}
