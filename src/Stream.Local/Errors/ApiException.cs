namespace GetStream.Local.Errors;

/// <summary>A request that is refused: becomes Stream's error body with this status and code.</summary>
internal sealed class ApiException : Exception
{
    private ApiException(int status, ApiErrorCode code, string message) : base(message)
    {
        Status = status;
        Code = code;
    }

    public int Status { get; }

    public ApiErrorCode Code { get; }

    /// <summary>Tells clients never to repeat the request.</summary>
    public bool Unrecoverable { get; init; }

    /// <summary>What is wrong with which field of the request.</summary>
    public IReadOnlyDictionary<string, string>? Fields { get; init; }

    public static ApiException Input(string message) => new(400, ApiErrorCode.Input, message);

    public static ApiException InvalidField(string field, string problem) =>
        new(400, ApiErrorCode.Input, $"{field} {problem}")
        {
            Fields = new Dictionary<string, string> { [field] = problem },
        };

    public static ApiException DuplicateName(string name) =>
        new(400, ApiErrorCode.DuplicateUsername, $"another user is named \"{Shortened.Text(name)}\"");

    public static ApiException Unauthenticated(ApiErrorCode code, string message) => new(401, code, message);

    public static ApiException NotAllowed(string message) => new(403, ApiErrorCode.NotAllowed, message);

    public static ApiException DoesNotExist(string message) => new(404, ApiErrorCode.DoesNotExist, message);

    public static ApiException PayloadTooBig(string message) => new(413, ApiErrorCode.PayloadTooBig, message);

    public static ApiException RateLimited(string message) => new(429, ApiErrorCode.RateLimited, message);

    public static ApiException CapacityExceeded(string message) => new(400, ApiErrorCode.Input, message);

    public static ApiException TooManyConnections(int max) =>
        new(429, ApiErrorCode.TooManyConnections, $"at most {max} WebSockets are open at once");

    public static ApiException TooManyHandshakes(int max) =>
        new(429, ApiErrorCode.TooManyConnections, $"at most {max} WebSockets wait for their authentication at once");

    public static ApiException UnknownConnection(string id) =>
        new(400, ApiErrorCode.ConnectionIdNotFound, $"connection id \"{Shortened.Text(id)}\" is not connected");

    public static ApiException NoConnectionLeft() => new(503, ApiErrorCode.TooManyConnections, "all connections are in use, try again later");

    /// <param name="what">The operation, or the part of one.</param>
    /// <param name="reason">Why there is nothing real behind it.</param>
    public static ApiException NotSupported(string what, string reason) =>
        new(501, ApiErrorCode.NotSupported, $"{what} is not served by the embedded Stream: {reason}")
        {
            Unrecoverable = true,
        };

    public static ApiException SfuUnavailable(string message) => new(503, ApiErrorCode.NoSfuAvailable, message);
}
