namespace StreamGateway.Auth;

/// <summary>What a key may be allowed; each is also the name of an authorization policy.</summary>
internal static class Scopes
{
    public const string Rest = "rest";
    public const string SessionsRead = "sessions:read";
    public const string SessionsWrite = "sessions:write";
    public const string EventsRead = "events:read";
    public const string Admin = "admin";

    /// <summary>A policy: one of the two is enough.</summary>
    public const string AnyRead = $"{SessionsRead} or {EventsRead}";

    public const string ClaimType = "scope";

    public static readonly string[] All = [Rest, SessionsRead, SessionsWrite, EventsRead, Admin];
}
