namespace GetStream.Local.Errors;

/// <summary>The numbers Stream's clients act on; every error body carries one.</summary>
internal enum ApiErrorCode
{
    Internal = -1,
    AccessKey = 2,
    Input = 4,
    Authentication = 5,
    DuplicateUsername = 6,
    RateLimited = 9,
    DoesNotExist = 16,
    NotAllowed = 17,
    NotSupported = 19,
    PayloadTooBig = 22,
    RequestTimeout = 23,
    TokenExpired = 40,
    TokenNotYetValid = 41,
    TokenUsedBeforeIssued = 42,
    TokenSignatureInvalid = 43,
    ConnectionIdNotFound = 46,
    TooManyConnections = 71,
    NoSfuAvailable = 101,
}
