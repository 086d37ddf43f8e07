using Microsoft.OpenApi;

namespace StreamGateway.OpenApi;

/// <summary>The shape of every problem document.</summary>
internal static class ProblemSchema
{
    public const string Name = "Problem";

    public static OpenApiSchema Create() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "type", "title", "status", "detail", "code", "trace_id" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = Text("Leads to an explanation of the code."),
            ["title"] = Text("The same for every occurrence of the code."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["detail"] = Text("What happened this time."),
            ["code"] = Text("Stable; branch on it."),
            ["trace_id"] = Text("Name it when you report the problem."),
            ["stage"] = Text("Where a join or a connection failed: coordinator, signaling, ice, dtls or media."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "Every bad field, by its path, with what is wrong with it.",
                AdditionalProperties = new OpenApiSchema
                {
                    Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String },
                },
            },
            ["stream"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "What Stream answered: status, code, message, details, more_info.",
            },
        },
    };

    private static OpenApiSchema Text(string description) =>
        new() { Type = JsonSchemaType.String, Description = description };
}
