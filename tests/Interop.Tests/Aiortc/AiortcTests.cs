using GetStream.Auth;

namespace StreamGateway.Tests.Aiortc;

/// <summary>
/// A participant made of aiortc, whose WebRTC shares no code with ours or with browsers, and of the protocol's published
/// messages.
/// </summary>
public sealed class AiortcTests : IClassFixture<GatewayApplication>
{
    // Debian's own, whichever comes first on the path: it has the packages.
    private const string Python = "/usr/bin/python3";

    private readonly GatewayApplication _gateway;

    public AiortcTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task A_bot_and_aiortc_hear_each_other()
    {
        var speech = await Speech.OggAsync();
        var played = Repository.Artifact("aiortc-played.wav");
        var recorded = Repository.Artifact("aiortc-recorded.wav");
        await Tool.RunAsync("ffmpeg", ["-v", "error", "-y", "-i", "pipe:0", "-ar", "48000", "-ac", "2", played], speech);
        await using var bot = await Bot.JoinAsync(_gateway, "aiortc");

        var participant = RunParticipantAsync("aiortc", "python", played, recorded);
        await bot.SeesAsync("track_published", "python");
        var heardByBot = await bot.HearAsync("python", 24_000);
        await bot.SayAsync(speech);
        await participant;
        await bot.SeesAsync("participant_left", "python");

        await File.WriteAllBytesAsync(Repository.Artifact("aiortc-heard.ogg"), heardByBot);
        var original = await Sound.DecodeAsync(speech);
        var likeness = (await Sound.DecodeAsync(heardByBot)).FoundIn(original.Repeated(2));
        Assert.True(likeness >= Sound.Alike, $"{likeness:F3} of what the bot heard is what aiortc played");
        likeness = (await Sound.DecodeAsync(await File.ReadAllBytesAsync(recorded))).FoundIn(original);
        Assert.True(likeness >= Sound.Alike, $"{likeness:F3} of what aiortc heard is what the bot said");
    }

    private async Task RunParticipantAsync(string callId, string userId, string play, string record)
    {
        var stream = _gateway.Stream.Options;
        var messages = Directory.CreateTempSubdirectory("protocol-");
        try
        {
            await GenerateMessagesAsync(messages.FullName);
            await Tool.RunAsync("env",
            [
                $"PYTHONPATH={messages.FullName}", "PYTHONDONTWRITEBYTECODE=1",
                Python, Repository.PathOf("tests", "aiortc", "participant.py"),
                "--url", stream.BaseUrl.ToString().TrimEnd('/'), "--api-key", stream.ApiKey,
                "--token", StreamTokens.CreateUserToken(stream.ApiSecret, userId),
                "--call", callId, "--play", play, "--record", record,
            ]);
        }
        finally
        {
            messages.Delete(recursive: true);
        }
    }

    private static Task GenerateMessagesAsync(string directory)
    {
        var source = Repository.PathOf("native-build", "proto");
        var files = Directory.EnumerateFiles(Path.Combine(source, "stream"), "*.proto", SearchOption.AllDirectories);
        return Tool.RunAsync("protoc", [$"--proto_path={source}", $"--python_out={directory}", .. files]);
    }
}
