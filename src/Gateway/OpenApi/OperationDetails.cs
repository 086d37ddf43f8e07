using System.Reflection;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using StreamGateway.Auth;

namespace StreamGateway.OpenApi;

/// <summary>Adds to each operation what its handler's signature does not say: problems, media bodies, common headers.</summary>
internal sealed class OperationDetails : IOpenApiOperationTransformer
{
    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.OperationId ??= NameOf(context.Description, metadata);
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

        OperationSecurity.Describe(operation, metadata, context.Document);
        if (metadata.OfType<AcceptsTicket>().Any())
        {
            Add(operation, "ticket", ParameterLocation.Query, "From `POST /v1/tickets`: stands for a key, where no header can be sent.");
        }

        foreach (var parameter in metadata.OfType<TakesParameter>())
        {
            Add(operation, parameter.Name, parameter.In, parameter.Description);
        }

        if (metadata.OfType<Idempotency.TakesIdempotencyKey>().Any())
        {
            Add(
                operation, "Idempotency-Key", ParameterLocation.Header,
                "The same key, of at most 255 characters, within 24 hours gives the first answer again.");
        }

        return Task.CompletedTask;
    }

    /// <summary>Generated clients name their methods after it: <c>sessions_Join</c>, as <c>video_GetCall</c> in Stream's part.</summary>
    private static string NameOf(ApiDescription description, IEnumerable<object> metadata)
    {
        var handler = metadata.OfType<MethodInfo>().First();
        if (handler.Name.Contains('<'))
        {
            return $"{description.HttpMethod!.ToLowerInvariant()}_{description.RelativePath!.Replace('/', '_')}"; // a lambda
        }

        var slice = WithoutEnd(handler.DeclaringType!.Name, "Api");
        return $"{char.ToLowerInvariant(slice[0])}{slice[1..]}_{WithoutEnd(handler.Name, "Async")}";
    }

    private static string WithoutEnd(string name, string end) =>
        name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : name;

    private static void Add(OpenApiOperation operation, string name, ParameterLocation location, string description) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = name,
            In = location,
            Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });

    private static OpenApiSchema Binary() => new() { Type = JsonSchemaType.String, Format = "binary" };
}
