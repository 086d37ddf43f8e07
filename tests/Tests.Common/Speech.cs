namespace StreamGateway.Tests;

/// <summary>Real speech, made by espeak-ng and encoded by opusenc.</summary>
public static class Speech
{
    public const string Sentence =
        "Hello from the gateway. This sentence goes out as one voice and must come back, word for word, in the ear of another.";

    private static readonly Lazy<Task<byte[]>> Made = new(MakeAsync);

    /// <summary>About six seconds of mono Ogg Opus.</summary>
    public static Task<byte[]> OggAsync() => Made.Value;

    private static async Task<byte[]> MakeAsync()
    {
        var wave = await Tool.RunAsync("espeak-ng", ["--stdout", Sentence]);
        return await Tool.RunAsync("opusenc", ["--quiet", "--bitrate", "48", "-", "-"], wave);
    }
}
