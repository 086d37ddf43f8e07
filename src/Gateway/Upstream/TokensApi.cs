using System.ComponentModel.DataAnnotations;
using GetStream.Auth;
using Microsoft.AspNetCore.Http.HttpResults;
using StreamGateway.Auth;
using StreamGateway.Json;

namespace StreamGateway.Upstream;

/// <summary>Tokens with which users connect to Stream themselves.</summary>
internal static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/tokens", CreateToken)
            .WithTags("Tokens")
            .WithSummary("Makes a Stream token for a user, or for a user in some calls")
            .RequireAuthorization(Scopes.Rest);

    private static Created<TokenResponse> CreateToken(JsonBody<TokenRequest> body, StreamConnection stream, TimeProvider time)
    {
        var request = body.Value;
        TimeSpan? lifetime = request.ExpiresIn is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var token = stream.CreateUserToken(
            request.UserId!,
            new UserTokenClaims { ExpiresIn = lifetime, CallCids = request.CallCids, Role = request.Role });
        return TypedResults.Created(
            (string?)null, new TokenResponse(token, request.UserId!, stream.Options.ApiKey, time.GetUtcNow() + lifetime));
    }
}

internal sealed record TokenRequest : IValidatableObject
{
    [Required(ErrorMessage = "is missing")]
    [Pattern(Identifiers.Pattern, Identifiers.Rule)]
    public string? UserId { get; init; }

    /// <summary>In seconds; without it the token is good for ever.</summary>
    [Range(1, 315_360_000, ErrorMessage = "must be between 1 and 315,360,000")]
    public int? ExpiresIn { get; init; }

    /// <summary>Makes it a call token: the calls, as <c>type:id</c>, in which <c>role</c> applies.</summary>
    [MaxLength(100, ErrorMessage = "must have at most 100 calls")]
    public string[]? CallCids { get; init; }

    /// <summary>The role the user has in those calls.</summary>
    [StringLength(64, MinimumLength = 1, ErrorMessage = "must have 1 to 64 characters")]
    public string? Role { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context)
    {
        if (CallCids is not null && !CallCids.All(cid => cid is not null && Sessions.CallCid.TryParse(cid, out _)))
        {
            yield return new ValidationResult(Identifiers.CidRule, ["call_cids"]);
        }

        if (Role is not null && CallCids is null)
        {
            yield return new ValidationResult("needs `call_cids`", ["role"]);
        }
    }
}

/// <param name="ApiKey">The application's key, which a client needs beside the token.</param>
/// <param name="ExpiresAt">Missing when the token is good for ever.</param>
internal sealed record TokenResponse(string Token, string UserId, string ApiKey, DateTimeOffset? ExpiresAt);
