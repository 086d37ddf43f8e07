using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using StreamGateway.Errors;

namespace StreamGateway.Json;

/// <summary>
/// The JSON body of a request, read and checked before the handler runs: unknown fields, wrong types and values out of
/// bounds are all listed in one answer.
/// </summary>
/// <param name="Text">The body as it was sent.</param>
internal sealed record JsonBody<T>(T Value, string Text)
    : IJsonBody, IBindableFromHttpContext<JsonBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static async ValueTask<JsonBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (context.Request.ContentLength > JsonBody.MaximumBytes)
        {
            throw JsonBody.TooLarge();
        }

        using var document = await JsonBody.ParseAsync(context);
        var errors = new RequestErrors();
        JsonShape.Check(document.RootElement, typeof(T), errors);
        errors.ThrowIfAny();
        return new JsonBody<T>(
            document.RootElement.Deserialize<T>(JsonDefaults.Options)!, document.RootElement.GetRawText());
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
}

/// <summary>A request body, whatever its type.</summary>
internal interface IJsonBody
{
    string Text { get; }
}

/// <summary>Reads bodies of bounded size.</summary>
internal static class JsonBody
{
    public const int MaximumBytes = 256 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    public static async Task<JsonDocument> ParseAsync(HttpContext context)
    {
        try
        {
            var bytes = await ReadAsync(context);
            JsonText.Check(bytes.Span);
            return JsonDocument.Parse(bytes, Strict);
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(
                ProblemTypes.MalformedJson,
                $"The body could not be read at line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}.",
                malformed);
        }
    }

    public static ProblemException TooLarge() =>
        new(ProblemTypes.BodyTooLarge, $"The body may have {MaximumBytes} bytes.");

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > MaximumBytes)
            {
                throw TooLarge();
            }

            if (read.IsCompleted)
            {
                var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
