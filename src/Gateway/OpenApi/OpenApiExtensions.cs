using Microsoft.OpenApi;
using StreamGateway.Mirror;

namespace StreamGateway.OpenApi;

/// <summary>The API description at <c>/openapi/v1.json</c> and a page to try it at <c>/swagger</c>.</summary>
internal static class OpenApiExtensions
{
    public const string DocumentName = "v1";

    private const string Path = "/openapi/v1.json";
    private const string Page = "/swagger";

    /// <summary>What is read first comes first.</summary>
    private static readonly string[] Chapters =
        ["Sessions", "Media", "Events", "Tokens", "Tickets", "Webhooks", "Operations", "Errors"];

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
        // Whoever opens the bare address in a browser wants to see what there is.
        app.MapGet("/", () => TypedResults.LocalRedirect(Page)).ExcludeFromDescription().AllowAnonymous();
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
        document.Tags = (document.Tags ?? new HashSet<OpenApiTag>()).OrderBy(ChapterOf).ToHashSet();
        document.Components ??= new OpenApiComponents();
        (document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>())[ProblemSchema.Name] = ProblemSchema.Create();
        document.Components.SecuritySchemes = OperationSecurity.Schemes();
    }

    private static int ChapterOf(OpenApiTag tag) =>
        Array.IndexOf(Chapters, tag.Name) is >= 0 and var at ? at : Chapters.Length;
}
