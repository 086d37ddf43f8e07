using System.Diagnostics.CodeAnalysis;

namespace GetStream.Auth;

/// <summary>The outcome of a check: claims, or the reason why there are none.</summary>
public readonly record struct TokenVerification
{
    private TokenVerification(TokenClaims? claims, TokenError? error)
    {
        Claims = claims;
        Error = error;
    }

    /// <summary>Whether the token is good.</summary>
    [MemberNotNullWhen(true, nameof(Claims))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsValid => Claims is not null;

    /// <summary>What the token says, when it is good.</summary>
    public TokenClaims? Claims { get; }

    /// <summary>Why it is not good.</summary>
    public TokenError? Error { get; }

    /// <summary>A good token.</summary>
    public static implicit operator TokenVerification(TokenClaims claims) => new(claims, null);

    /// <summary>A bad token.</summary>
    public static implicit operator TokenVerification(TokenError error) => new(null, error);
}
