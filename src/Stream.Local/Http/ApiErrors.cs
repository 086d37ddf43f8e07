using System.Diagnostics;
using System.Text.Json;
using GetStream.Json;
using GetStream.Local.Errors;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Http;

/// <summary>Turns whatever a request throws into Stream's error body.</summary>
internal static partial class ApiErrors
{
    private const string MoreInfo = "https://getstream.io/chat/docs/api_errors_response";
    private static readonly object s_operationKey = new();

    public static void UseApiErrors(this IApplicationBuilder app, ILogger logger) => app.Use(async (context, next) =>
    {
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: there is nobody to tell.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            var refusal = Explain(exception);
            var operation = context.Items[s_operationKey] as string;
            if (refusal is null)
                LogUnexpected(logger, operation ?? context.Request.Path, exception);
            await WriteAsync(context, ToModel(refusal, operation, Stopwatch.GetElapsedTime(startedAt)));
        }
    });

    /// <summary>Messages then begin with the operation's name, as Stream's do.</summary>
    public static void NameOperation(HttpContext context, string operation) =>
        context.Items[s_operationKey] = operation;

    public static APIError ToModel(ApiException? refusal, string? operation, TimeSpan elapsed)
    {
        var message = refusal?.Message ?? "internal error";
        return new APIError
        {
            Code = (int)(refusal?.Code ?? ApiErrorCode.Internal),
            StatusCode = refusal?.Status ?? StatusCodes.Status500InternalServerError,
            Message = operation is null ? message : $"{operation} failed with error: \"{message}\"",
            Duration = $"{elapsed.TotalMilliseconds:0.00}ms",
            MoreInfo = MoreInfo,
            Details = [],
            ExceptionFields = refusal?.Fields,
            Unrecoverable = refusal is { Unrecoverable: true } ? true : null,
        };
    }

    private static ApiException? Explain(Exception exception) => exception switch
    {
        ApiException refusal => refusal,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            ApiException.PayloadTooBig("the request body is too big"),
        BadHttpRequestException bad => ApiException.Input(bad.Message),
        JsonException json => ApiException.Input($"the request body is not what the operation takes: {json.Message}"),
        RtcException sfu => ApiException.SfuUnavailable($"the SFU did not do what was asked: {sfu.Message}"),
        _ => null,
    };

    private static async Task WriteAsync(HttpContext context, APIError error)
    {
        var json = ModelJson.Write(error, StreamTimeFormat.Text);
        context.Response.StatusCode = error.StatusCode;
        context.Response.ContentType = "application/json;charset=utf-8";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    [LoggerMessage(7000, LogLevel.Error, "{Operation} failed unexpectedly", EventName = "RequestFailed")]
    private static partial void LogUnexpected(ILogger logger, string operation, Exception exception);
}
