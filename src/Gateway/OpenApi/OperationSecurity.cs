using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using StreamGateway.Auth;

namespace StreamGateway.OpenApi;

/// <summary>Who may call an operation: the schemes it takes, and in <c>x-scopes</c> what the key needs.</summary>
internal static class OperationSecurity
{
    private const string Bearer = "bearer";
    private const string ApiKey = "api_key";
    private const string Ticket = "ticket";

    public static Dictionary<string, IOpenApiSecurityScheme> Schemes() => new()
    {
        [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
        [ApiKey] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key" },
        [Ticket] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Query, Name = "ticket" },
    };

    public static void Describe(OpenApiOperation operation, IEnumerable<object> metadata, OpenApiDocument? document)
    {
        var scopes = metadata.OfType<IAuthorizeData>().Select(data => data.Policy!).ToList();
        if (scopes.Count == 0 || metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [];
            return;
        }

        Require(operation, scopes, document, metadata.OfType<AcceptsTicket>().Any());
        operation.Description = $"{operation.Description} Needs the scope {string.Join(" and ", scopes.Select(scope => $"`{scope}`"))}.".TrimStart();
    }

    /// <summary>Keys with these scopes, or <c>admin</c>, may call it.</summary>
    public static void Require(OpenApiOperation operation, IEnumerable<string> scopes, OpenApiDocument? document, bool acceptsTicket)
    {
        string[] schemes = acceptsTicket ? [Bearer, ApiKey, Ticket] : [Bearer, ApiKey];
        operation.Security =
            [.. schemes.Select(scheme => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = [] })];
        operation.AddExtension("x-scopes", new JsonNodeExtension(new System.Text.Json.Nodes.JsonArray([.. scopes.Select(scope => System.Text.Json.Nodes.JsonValue.Create(scope))])));
    }
}
