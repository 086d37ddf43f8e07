using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace StreamGateway.OpenApi;

/// <summary>Adds to each operation what its handler's signature does not say: problems, media bodies, common headers.</summary>
internal sealed class OperationDetails : IOpenApiOperationTransformer
{
    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.OperationId ??= metadata.OfType<MethodInfo>().FirstOrDefault() is { } handler ? NameOf(handler) : null;
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A problem document (RFC 9457); `code` is one of the list at /errors.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new()
                {
                    Schema = new OpenApiSchemaReference(ProblemSchema.Name, context.Document),
                },
            },
        };

        if (metadata.OfType<MediaBody>().FirstOrDefault() is { } media)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = media.ContentTypes.ToDictionary(type => type, _ => new OpenApiMediaType { Schema = Binary() }),
            };
        }

        if (metadata.OfType<Idempotency.TakesIdempotencyKey>().Any())
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Description = "The same key within 24 hours gives the first answer again.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
            });
        }

        return Task.CompletedTask;
    }

    /// <summary>Generated clients name their methods after it.</summary>
    private static string? NameOf(MethodInfo handler)
    {
        var name = handler.Name.EndsWith("Async", StringComparison.Ordinal) ? handler.Name[..^5] : handler.Name;
        return name.Contains('<') ? null : name; // a lambda
    }

    private static OpenApiSchema Binary() => new() { Type = JsonSchemaType.String, Format = "binary" };
}
