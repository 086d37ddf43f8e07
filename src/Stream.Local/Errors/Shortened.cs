namespace GetStream.Local.Errors;

/// <summary>Keeps what a client sent from filling messages and logs.</summary>
internal static class Shortened
{
    private const int MaxLength = 64;

    public static string Text(string text) =>
        text.Length <= MaxLength ? text : $"{text.AsSpan(0, MaxLength)}… ({text.Length} characters)";
}
