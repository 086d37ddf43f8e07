using GetStream.Auth;
using GetStream.Local.Errors;

namespace GetStream.Local.Auth;

/// <summary>How Stream answers each kind of bad token.</summary>
internal static class TokenErrors
{
    public static ApiException ToRefusal(TokenError error) => error switch
    {
        TokenError.Expired => Refuse(ApiErrorCode.TokenExpired, "token is expired"),
        TokenError.NotYetValid => Refuse(ApiErrorCode.TokenNotYetValid, "token is not valid yet (nbf)"),
        TokenError.UsedBeforeIssued => Refuse(
            ApiErrorCode.TokenUsedBeforeIssued, "token used before it was issued (iat)"),
        TokenError.BadSignature => Refuse(ApiErrorCode.TokenSignatureInvalid, "token signature is invalid"),
        TokenError.UnsupportedAlgorithm => Refuse(
            ApiErrorCode.TokenSignatureInvalid, "token must be signed with HS256"),
        _ => Refuse(ApiErrorCode.Authentication, "token is malformed"),
    };

    private static ApiException Refuse(ApiErrorCode code, string message) =>
        ApiException.Unauthenticated(code, message);
}
