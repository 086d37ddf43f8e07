namespace GetStream.Local.Store;

/// <summary>The roles the default call types know; applications may define others.</summary>
internal static class Roles
{
    public const string Admin = "admin";
    public const string User = "user";
    public const string Guest = "guest";
    public const string Anonymous = "anonymous";
    public const string Moderator = "moderator";
    public const string CallMember = "call_member";
    public const string Speaker = "speaker";

    /// <summary>What the creator of a call holds in it.</summary>
    public const string Host = "host";

    public static IReadOnlyList<string> BuiltIn { get; } =
        [Admin, User, Guest, Anonymous, Moderator, CallMember, Speaker, Host];
}
