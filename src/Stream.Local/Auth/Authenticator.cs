using GetStream.Auth;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;

namespace GetStream.Local.Auth;

/// <summary>Finds out who makes a request: API key, token, and the user behind it.</summary>
internal sealed class Authenticator(
    LocalStreamOptions options, StateStore store, UserDirectory users, TimeProvider clock)
{
    private const string BearerPrefix = "Bearer ";

    /// <exception cref="ApiException">The key or the token is missing or bad, or may not call this
    /// operation.</exception>
    public Caller Authenticate(HttpRequest request, OperationAccess access)
    {
        CheckApiKey(request.Query["api_key"]);
        var token = Token(request);
        if (token is null)
            return WithoutToken(request, access);

        var caller = Identify(Verify(token), request.Query["user_id"]);
        if (access == OperationAccess.Server && !caller.IsServer)
            throw ApiException.NotAllowed("this operation needs a server token");
        return caller;
    }

    /// <exception cref="ApiException">The key is missing or not this server's.</exception>
    public void CheckApiKey(string? apiKey)
    {
        if (string.IsNullOrEmpty(apiKey))
            throw ApiException.Unauthenticated(ApiErrorCode.AccessKey, "api_key not provided");
        if (apiKey != options.ApiKey)
            throw ApiException.Unauthenticated(ApiErrorCode.AccessKey, "api_key not valid");
    }

    /// <summary>Who connects with a token; the user need not exist yet.</summary>
    /// <exception cref="ApiException">A bad token, a server's, or one of a user who is gone.</exception>
    public Caller IdentifyUser(string token)
    {
        var claims = Verify(token);
        if (claims.IsServer)
            throw ApiException.Unauthenticated(ApiErrorCode.Authentication, "token is a server's: only users connect");
        return Identify(claims, actingFor: null, mayBeUnknown: true);
    }

    private TokenClaims Verify(string token)
    {
        var checkedToken = TokenVerifier.Verify(token, options.ApiSecret!, clock);
        return checkedToken.IsValid ? checkedToken.Claims : throw TokenErrors.ToRefusal(checkedToken.Error.Value);
    }

    private static Caller WithoutToken(HttpRequest request, OperationAccess access)
    {
        var anonymous = request.Headers["stream-auth-type"] == "anonymous"
            || request.Query["stream-auth-type"] == "anonymous";
        if (access == OperationAccess.Public || (access == OperationAccess.User && anonymous))
            return new Caller { UserId = Caller.AnonymousId };
        throw ApiException.Unauthenticated(ApiErrorCode.Authentication, "token not provided");
    }

    private Caller Identify(TokenClaims claims, string? actingFor, bool mayBeUnknown = false)
    {
        if (claims.IsServer)
        {
            var userId = string.IsNullOrEmpty(actingFor) ? claims.UserId : Limits.UserId(actingFor);
            return Caller.Server with { UserId = userId };
        }

        if (claims.UserId != Caller.AnonymousId)
            CheckUser(claims, mayBeUnknown);
        return new Caller
        {
            UserId = claims.UserId,
            TokenRole = claims.Role,
            CallCids = (claims.CallCids ?? []).ToHashSet(StringComparer.Ordinal),
        };
    }

    private void CheckUser(TokenClaims claims, bool mayBeUnknown)
    {
        var id = Limits.UserId(claims.UserId!, "user_id");
        // A good token must not make the user anew: who was deleted can still be restored.
        if (store.Users.Find(id) is { DeletedAt: not null })
            throw ApiException.DoesNotExist($"user with id \"{id}\" was deleted");
        var user = options.CreateUnknownUsers && !mayBeUnknown ? users.GetOrCreate(id) : users.Find(id);
        if (user is null && !mayBeUnknown)
            throw ApiException.DoesNotExist($"user with id \"{id}\" does not exist");
        if (user?.DeactivatedAt is not null)
            throw ApiException.NotAllowed($"user with id \"{id}\" was deactivated");
        RequireNotRevoked(claims, user?.RevokeTokensIssuedBefore);
        RequireNotRevoked(claims, store.App.RevokeTokensIssuedBefore);
    }

    private static void RequireNotRevoked(TokenClaims claims, DateTimeOffset? issuedBefore)
    {
        if (issuedBefore is { } limit && (claims.IssuedAt is null || claims.IssuedAt < limit))
            throw ApiException.Unauthenticated(ApiErrorCode.TokenExpired, "token was revoked");
    }

    private static string? Token(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString().Trim();
        if (header.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase))
            header = header[BearerPrefix.Length..].Trim();
        return header.Length == 0 ? null : header;
    }
}
