using Microsoft.OpenApi;

namespace StreamGateway.OpenApi;

/// <summary>Names a parameter that an endpoint reads from the request itself, for the API description.</summary>
internal sealed record TakesParameter(string Name, ParameterLocation In, string Description);
