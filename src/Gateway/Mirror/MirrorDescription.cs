using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using StreamGateway.Auth;
using StreamGateway.OpenApi;

namespace StreamGateway.Mirror;

/// <summary>
/// Adds every operation of Stream's API, with types, parameters and errors, to the API description. The facts are
/// read when somebody asks for the description, so starting the service costs nothing.
/// </summary>
internal sealed class MirrorDescription : IOpenApiDocumentTransformer
{
    private const string Resource = "stream-api.json";
    private const string TypePrefix = "Stream.";
    private const string Refused = "StreamRefused";
    private const string Failed = "StreamFailed";

    public async Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        await using var file = typeof(MirrorDescription).Assembly.GetManifestResourceStream(Resource)!;
        using var facts = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        document.Components ??= new OpenApiComponents();
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        foreach (var type in facts.RootElement.GetProperty("types").EnumerateObject())
        {
            document.Components.Schemas[TypePrefix + type.Name] = Describe(type.Value, document);
        }

        document.Components.Responses ??= new Dictionary<string, IOpenApiResponse>();
        document.Components.Responses[Refused] = Refusal(
            "Stream refused (application/json), or the gateway did: no good key or token, a key without the scope `rest`", document);
        document.Components.Responses[Failed] = Refusal(
            "Stream failed (application/json), or the gateway could not reach it", document);
        foreach (var operation in facts.RootElement.GetProperty("operations").EnumerateArray())
        {
            Add(operation, document);
        }
    }

    private static void Add(JsonElement operation, OpenApiDocument document)
    {
        var path = operation.GetProperty("path").GetString()!;
        if (!document.Paths.TryGetValue(path, out var item))
        {
            document.Paths[path] = item = new OpenApiPathItem();
        }

        var product = operation.GetProperty("product").GetString()!;
        var id = operation.GetProperty("id").GetString()!;
        var described = new OpenApiOperation
        {
            OperationId = $"{product}_{id}",
            Summary = $"{id} of Stream's {product} API",
            Tags = new HashSet<OpenApiTagReference> { new($"Stream {product}", document) },
            Parameters =
            [
                .. Items(operation, "path_params").Select(p => Parameter(p, ParameterLocation.Path, document)),
                .. Items(operation, "query_params").Select(p => Parameter(p, ParameterLocation.Query, document)),
            ],
            RequestBody = Body(operation, document),
            Responses = Responses(operation, document),
        };
        OperationSecurity.Require(described, [Scopes.Rest], document, acceptsTicket: false);
        ((OpenApiPathItem)item).AddOperation(HttpMethod.Parse(operation.GetProperty("method").GetString()!), described);
        document.Tags ??= new HashSet<OpenApiTag>();
        if (document.Tags.All(tag => tag.Name != $"Stream {product}"))
        {
            document.Tags.Add(new OpenApiTag { Name = $"Stream {product}" });
        }
    }

    private static OpenApiParameter Parameter(JsonElement parameter, ParameterLocation location, OpenApiDocument document)
    {
        var type = parameter.GetProperty("type").GetString()!;
        var isList = type is "string[]";
        var isJson = !isList && (type.EndsWith(']') || type.EndsWith('>') || parameter.TryGetProperty("encoding", out _));
        var schema = Schema(type, parameter, document);
        return new OpenApiParameter
        {
            Name = parameter.GetProperty("name").GetString(),
            In = location,
            Required = location is ParameterLocation.Path || Flag(parameter, "required"),
            Schema = isJson ? null : schema,
            Style = isList ? ParameterStyle.Form : null,
            Explode = !isList,
            Content = isJson ? Json(schema) : null,
        };
    }

    private static OpenApiRequestBody? Body(JsonElement operation, OpenApiDocument document)
    {
        if (!operation.TryGetProperty("body", out var body))
        {
            return null;
        }

        var mediaType = operation.TryGetProperty("content_type", out var type) ? type.GetString()! : "application/json";
        return new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [mediaType] = new OpenApiMediaType { Schema = Reference(body.GetString()!, document) },
            },
        };
    }

    private static OpenApiResponses Responses(JsonElement operation, OpenApiDocument document) => new()
    {
        [operation.GetProperty("status").ToString()] = new OpenApiResponse
        {
            Description = "Stream's answer",
            Content = Json(Reference(operation.GetProperty("response").GetString()!, document)),
        },
        ["4XX"] = new OpenApiResponseReference(Refused, document),
        ["5XX"] = new OpenApiResponseReference(Failed, document),
    };

    private static OpenApiResponse Refusal(string description, OpenApiDocument document) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["application/json"] = new() { Schema = Reference("APIError", document) },
            ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(ProblemSchema.Name, document) },
        },
    };

    private static OpenApiSchema Describe(JsonElement type, OpenApiDocument document)
    {
        if (type.TryGetProperty("mapping", out var mapping))
        {
            var names = mapping.EnumerateObject().Select(entry => entry.Value.GetString()!).Distinct();
            return new OpenApiSchema
            {
                OneOf = [.. names.Select(name => Reference(name, document))],
                Discriminator = new OpenApiDiscriminator
                {
                    PropertyName = type.GetProperty("discriminator").GetString(),
                    Mapping = mapping.EnumerateObject()
                        .Where(entry => entry.Name is not "*") // whatever else comes
                        .ToDictionary(entry => entry.Name, entry => Reference(entry.Value.GetString()!, document)),
                },
            };
        }

        if (type.TryGetProperty("enum", out _))
        {
            return new OpenApiSchema { Type = JsonSchemaType.String };
        }

        var fields = Items(type, "fields").ToList();
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = fields.ToDictionary(Name, field => Schema(field.GetProperty("type").GetString()!, field, document)),
            Required = fields.Where(field => Flag(field, "required")).Select(Name).ToHashSet(),
        };
    }

    private static IOpenApiSchema Schema(string type, JsonElement source, OpenApiDocument document)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
        {
            return new OpenApiSchema { Type = JsonSchemaType.Array, Items = Schema(type[..^2], source, document) };
        }

        if (type.StartsWith("map<", StringComparison.Ordinal))
        {
            return new OpenApiSchema
            {
                Type = JsonSchemaType.Object, AdditionalProperties = Schema(type[4..^1], source, document),
            };
        }

        return type switch
        {
            "string" or "duration" => new OpenApiSchema { Type = JsonSchemaType.String, Description = Known(source) },
            "bool" => new OpenApiSchema { Type = JsonSchemaType.Boolean },
            "int32" or "int64" => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = type },
            "double" or "float" => new OpenApiSchema { Type = JsonSchemaType.Number, Format = type },
            "time" => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" },
            "time_ns" => new OpenApiSchema
            {
                Description = "Answers: nanoseconds since 1970. Requests: RFC 3339 text.",
                Type = JsonSchemaType.Integer | JsonSchemaType.String,
            },
            "any" => new OpenApiSchema(),
            _ => Reference(type, document),
        };
    }

    /// <summary>Sets of values are open: they are told, not enforced.</summary>
    private static string? Known(JsonElement source)
    {
        var values = Items(source, "enum").Concat(Items(source, "item_enum")).Select(value => value.GetString()).ToList();
        return values.Count > 0 ? $"Known values: {string.Join(", ", values)}" : null;
    }

    private static OpenApiSchemaReference Reference(string type, OpenApiDocument document) => new(TypePrefix + type, document);

    private static Dictionary<string, OpenApiMediaType> Json(IOpenApiSchema schema) =>
        new() { ["application/json"] = new OpenApiMediaType { Schema = schema } };

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out var array) ? array.EnumerateArray() : default;

    private static string Name(JsonElement field) => field.GetProperty("name").GetString()!;

    private static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;
}
