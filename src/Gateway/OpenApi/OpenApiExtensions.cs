using Microsoft.OpenApi;
using StreamGateway.Mirror;

namespace StreamGateway.OpenApi;

/// <summary>The API description at <c>/openapi/v1.json</c> and a page to try it at <c>/swagger</c>.</summary>
internal static class OpenApiExtensions
{
    public const string DocumentName = "v1";

    private const string Path = "/openapi/v1.json";

    public static IServiceCollection AddGatewayOpenApi(this IServiceCollection services) =>
        services
            .ConfigureHttpJsonOptions(json => Json.JsonDefaults.Apply(json.SerializerOptions))
            .AddSingleton<ServedDescription>()
            .AddOpenApi(DocumentName, options => options
                .AddOperationTransformer<OperationDetails>()
                .AddDocumentTransformer((document, _, _) =>
                {
                    Describe(document);
                    return Task.CompletedTask;
                })
                .AddDocumentTransformer<MirrorDescription>());

    public static void MapGatewayOpenApi(this WebApplication app)
    {
        app.MapApiDescription();
        app.UseSwaggerUI(ui =>
        {
            ui.SwaggerEndpoint(Path, "Stream Gateway v1");
            ui.DocumentTitle = "Stream Gateway";
        });
    }

    public static void MapApiDescription(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, (ServedDescription description, CancellationToken cancellationToken) => description.GetAsync(cancellationToken))
            .ExcludeFromDescription()
            .AllowAnonymous();

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Stream Gateway",
            Version = "v1",
            Description = "Headless participants in Stream video calls, their media and their events, over plain HTTP.",
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        (document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>())[ProblemSchema.Name] = ProblemSchema.Create();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            ["api_key"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key",
            },
        };
        document.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("api_key", document)] = [] },
        ];
    }
}
