using System.Buffers;
using System.Globalization;
using System.Text.Json;
using GetStream.Webhooks;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using StreamGateway.Errors;
using StreamGateway.Events;
using StreamGateway.Json;
using StreamGateway.OpenApi;
using StreamGateway.Upstream;

namespace StreamGateway.Webhooks;

/// <summary>Takes Stream's webhooks and tells them again as events.</summary>
internal static class WebhooksApi
{
    private const int MaximumBytes = WebhookReader.DefaultMaxBytes;
    private const int LongestName = 255;
    private const string IdHeader = "X-Webhook-Id";

    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services.AddSingleton<WebhookIds>();

    public static void MapWebhooks(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/webhooks/stream", ReceiveAsync)
            .WithTags("Webhooks")
            .WithSummary("Takes a webhook of Stream, signed with the application's secret, and tells it on /v1/events")
            .Accepts<JsonElement>("application/json")
            .WithMetadata(new TakesParameter("X-Signature", ParameterLocation.Header, "HMAC-SHA256 of the body, in hexadecimal."))
            .WithMetadata(new TakesParameter(IdHeader, ParameterLocation.Header, "What has one that came before is told no second time."))
            .AllowAnonymous(); // The signature is the proof.

    private static async Task<NoContent> ReceiveAsync(
        HttpContext context, StreamConnection connection, EventHub hub, WebhookIds ids, TimeProvider time)
    {
        var id = IdOf(context.Request);
        var body = await ReadAsync(context);
        try
        {
            var reader = new WebhookReader(connection.Options.ApiSecret, MaximumBytes);
            var json = reader.OpenHttp(body, context.Request.Headers["X-Signature"]);
            Tell(json, id, hub, ids, time.GetUtcNow());
            return TypedResults.NoContent();
        }
        catch (WebhookException refused)
        {
            throw new ProblemException(TypeOf(refused.Error), refused.Message, refused);
        }
    }

    private static void Tell(ReadOnlyMemory<byte> json, string? id, EventHub hub, WebhookIds ids, DateTimeOffset at)
    {
        using var document = Parse(json);
        var payload = document.RootElement;
        var type = TypeOf(payload);
        var callCid = Text(payload, "call_cid");
        var told = Create(payload, ForeignEvents.NameOf(type), id, callCid, at);
        if (id is not null && !ids.TryAdd(id))
        {
            return; // Stream sends again what it has no answer to yet
        }

        using var call = callCid is null ? null : hub.LeaseCall(callCid);
        lock (hub.Gate)
        {
            hub.All.Append(told);
            call?.Journal.Append(told);
        }
    }

    private static GatewayEvent Create(JsonElement payload, string type, string? id, string? callCid, DateTimeOffset at) =>
        SseFrames.Create(type, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, type);
            if (id is not null)
            {
                writer.WriteString("webhook_id"u8, id);
            }

            if (callCid is not null)
            {
                writer.WriteString("call_cid"u8, callCid);
            }

            writer.WriteString("at"u8, at.UtcDateTime.ToString(SseFrames.TimeFormat, CultureInfo.InvariantCulture));
            writer.WritePropertyName("payload"u8);
            payload.WriteTo(writer);
            writer.WriteEndObject();
        });

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            JsonText.Check(json.Span);
            return JsonDocument.Parse(json);
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(ProblemTypes.MalformedJson, "The event is not JSON.", malformed);
        }
    }

    /// <summary>Stream's name for the event, the same for each attempt; null where there is none.</summary>
    private static string? IdOf(HttpRequest request) => request.Headers[IdHeader].ToString() switch
    {
        "" => null,
        { Length: <= LongestName } id => id,
        _ => throw new ProblemException(
            ProblemTypes.InvalidRequest, $"{IdHeader} may have {LongestName} characters."),
    };

    /// <summary>A line break in the type would end the line of the event stream it is written on.</summary>
    private static string TypeOf(JsonElement payload) =>
        payload.ValueKind is JsonValueKind.Object
        && Text(payload, "type") is { Length: > 0 and <= LongestName } type
        && !type.Any(char.IsControl)
            ? type
            : throw new ProblemException(ProblemTypes.InvalidRequest, "The event has no usable `type`.");

    private static string? Text(JsonElement payload, string name) =>
        payload.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
        && value.GetString() is { Length: <= LongestName } text
            ? text
            : null;

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaximumBytes)
        {
            throw TooLarge();
        }

        var body = new ArrayBufferWriter<byte>((int)Math.Max(context.Request.ContentLength ?? 4096, 256));
        while (await context.Request.Body.ReadAsync(body.GetMemory(4096), context.RequestAborted) is > 0 and var count)
        {
            body.Advance(count);
            if (body.WrittenCount > MaximumBytes)
            {
                throw TooLarge();
            }
        }

        return body.WrittenMemory;
    }

    private static ProblemException TooLarge() =>
        new(ProblemTypes.BodyTooLarge, $"An event may have {MaximumBytes} bytes.");

    private static ProblemType TypeOf(WebhookError error) => error switch
    {
        WebhookError.TooLarge => ProblemTypes.BodyTooLarge,
        WebhookError.BadSignature => ProblemTypes.BadSignature,
        WebhookError.BadJson => ProblemTypes.MalformedJson,
        _ => ProblemTypes.InvalidRequest,
    };
}
