using System.ComponentModel.DataAnnotations;
using GetStream.Auth;
using Microsoft.AspNetCore.Http.HttpResults;
using StreamGateway.Auth;
using StreamGateway.Json;
using StreamGateway.Upstream;

namespace StreamGateway.Tokens;

/// <summary>Tokens for the application's own users.</summary>
internal static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/tokens", CreateToken)
            .WithTags("Tokens")
            .WithSummary("Makes a token with which a user connects to Stream, or only to some calls")
            .RequireAuthorization(Scopes.Rest);

    private static Created<TokenResponse> CreateToken(JsonBody<TokenRequest> body, StreamConnection connection, TimeProvider time)
    {
        var request = body.Value;
        var lifetime = request.ExpiresIn is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var now = time.GetUtcNow();
        var token = StreamTokens.CreateUserToken(
            connection.Options.ApiSecret,
            request.UserId,
            new UserTokenClaims { ExpiresIn = lifetime, CallCids = request.CallCids, Role = request.Role },
            time);
        return TypedResults.Created(
            (string?)null, new TokenResponse(token, connection.Options.ApiKey, request.UserId, now + lifetime));
    }
}

/// <summary>Whose token to make.</summary>
internal sealed class TokenRequest
{
    [Required]
    [StringLength(255, MinimumLength = 1)]
    public string UserId { get; set; } = "";

    /// <value>Seconds; without it the token is good for ever.</value>
    [Range(1, 10 * 365 * 24 * 3600)]
    public int? ExpiresIn { get; set; }

    /// <value>Calls as <c>type:id</c>: makes it a call token.</value>
    [MaxLength(100)]
    public IReadOnlyList<string>? CallCids { get; set; }

    /// <value>The user's role in those calls.</value>
    [StringLength(64, MinimumLength = 1)]
    public string? Role { get; set; }
}

/// <summary>A token, and the key of the application it is for.</summary>
internal sealed record TokenResponse(string Token, string ApiKey, string UserId, DateTimeOffset? ExpiresAt);
