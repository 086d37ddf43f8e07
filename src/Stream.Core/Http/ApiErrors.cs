using System.Text.Json;
using GetStream.Json;
using GetStream.Models;

namespace GetStream.Http;

/// <summary>Turns every way a call can fail into a <see cref="StreamApiException"/>.</summary>
internal static class ApiErrors
{
    private static readonly string[] s_requestIdHeaders = ["X-Request-Id", "X-Stream-Request-Id", "x-client-request-id"];

    public static string? RequestId(HttpResponseMessage response)
    {
        foreach (var name in s_requestIdHeaders)
        {
            if (response.Headers.NonValidated.TryGetValues(name, out var values))
            {
                return values.ToString();
            }
        }

        return null;
    }

    /// <summary>The API answered with something else than success.</summary>
    public static StreamApiException FromAnswer(
        ApiOperation operation, HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        var status = (int)response.StatusCode;
        if (status is < 400)
        {
            return Invalid(operation, response, $"the status {status} is neither success nor an error");
        }

        var error = TryReadError(body);
        var text = error is null
            ? $"{operation.Id}: status {status} without an error description."
            : $"{operation.Id}: {error.Message} (code {error.Code}, status {status})";
        return new StreamApiException(StreamErrorKind.Api, text, operation)
        {
            Status = status,
            Error = error,
            RateLimit = RateLimit.From(response.Headers),
            RetryAfter = RetryAfter(response),
            RequestId = RequestId(response),
        };
    }

    public static StreamApiException Invalid(
        ApiOperation operation, HttpResponseMessage response, string reason, Exception? inner = null) =>
        new(StreamErrorKind.InvalidAnswer, $"{operation.Id}: not an answer of the API: {reason}", operation, inner)
        {
            Status = (int)response.StatusCode,
            RequestId = RequestId(response),
        };

    public static StreamApiException TooLarge(ApiOperation operation, HttpResponseMessage response, int limit) =>
        new(StreamErrorKind.AnswerTooLarge, $"{operation.Id}: the answer is larger than {limit} bytes.", operation)
        {
            Status = (int)response.StatusCode,
            RequestId = RequestId(response),
        };

    /// <summary>Something was thrown on the way.</summary>
    public static StreamApiException Classify(ApiOperation operation, Exception exception) => exception switch
    {
        StreamApiException own => own,
        OperationCanceledException => new StreamApiException(
            StreamErrorKind.Timeout, $"{operation.Id}: no complete answer in time.", operation, exception),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new StreamApiException(
            StreamErrorKind.InvalidAnswer, $"{operation.Id}: not an HTTP answer.", operation, exception),
        InvalidDataException => new StreamApiException(
            StreamErrorKind.InvalidAnswer, $"{operation.Id}: the answer's compression is broken.", operation, exception),
        _ => new StreamApiException(
            StreamErrorKind.Transport, $"{operation.Id}: the connection failed: {exception.Message}", operation, exception),
    };

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when response.Headers.Date is { } now && date > now => date - now,
        _ => null,
    };

    private static APIError? TryReadError(ReadOnlySpan<byte> body)
    {
        try
        {
            return body.IsEmpty ? null : StreamJson.Deserialize<APIError>(body);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
