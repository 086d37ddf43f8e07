namespace GetStream.Auth;

/// <summary>Why a token is not good.</summary>
public enum TokenError
{
    /// <summary>Not three base64url parts with JSON in them, larger than allowed, or claims of the wrong kind.</summary>
    Malformed,

    /// <summary>Signed with another algorithm than HS256, or with none.</summary>
    UnsupportedAlgorithm,

    /// <summary>The signature does not fit content and secret.</summary>
    BadSignature,

    /// <summary>Its end (<c>exp</c>) has passed.</summary>
    Expired,

    /// <summary>Its start (<c>nbf</c>) has not come yet.</summary>
    NotYetValid,

    /// <summary>It says it was issued (<c>iat</c>) in the future.</summary>
    UsedBeforeIssued,
}
