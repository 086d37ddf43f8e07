namespace StreamGateway.Json;

/// <summary>What ids may look like, and how the rule is told.</summary>
internal static class Identifiers
{
    public const string CallTypePattern = "^[A-Za-z0-9_-]{1,64}$";
    public const string CallTypeRule = "must be 1 to 64 letters, digits, or _ -";

    public const string Pattern = "^[A-Za-z0-9_.@!-]{1,255}$";
    public const string Rule = "must be 1 to 255 letters, digits, or _ - . @ !";

    public const string CidRule = "must be type:id; the type 1 to 64, the id 1 to 255 letters, digits, or _ - (the id also . @ !)";
}
