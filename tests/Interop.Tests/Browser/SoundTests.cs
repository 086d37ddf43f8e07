using Xunit.Abstractions;

namespace StreamGateway.Tests.Browser;

/// <summary>Sound between Stream's own client in Chromium and bots.</summary>
[Collection(BrowserCollection.Name)]
public sealed class SoundTests
{
    private const string BotsVoice = "call.state.remoteParticipants[0]?.audioStream";

    private const int MostRecordings = 5;

    private readonly BrowserWorld _world;
    private readonly ITestOutputHelper _output;

    public SoundTests(BrowserWorld world, ITestOutputHelper output) => (_world, _output) = (world, output);

    [Fact]
    public async Task The_browser_hears_what_a_bot_says()
    {
        var speech = await Speech.OggAsync();
        await using var bot = await Bot.JoinAsync(_world.Gateway, "hear");
        await using var page = await _world.JoinAsync("hear", "alice");

        List<double> said = [];
        while (!Convince(said) && said.Count < MostRecordings)
        {
            var saying = bot.SayAsync(speech);
            await page.UntilAsync(BotsVoice);
            var heard = await page.RecordAsync(BotsVoice, TimeSpan.FromSeconds(4));
            await saying;
            said.Add(await LikenessToSaidAsync(heard, speech));
            _output.WriteLine($"the browser heard {said[^1]:F3} of the bot");
        }

        Assert.True(Convince(said), $"of what the browser heard is what the bot said: {string.Join(", ", said)}");
    }

    [Fact]
    public async Task A_bot_hears_the_browsers_microphone()
    {
        await using var bot = await Bot.JoinAsync(_world.Gateway, "speak");
        await using var page = await _world.JoinAsync("speak", "alice", microphone: true);

        var heard = await bot.HearAsync("alice", 24_000);

        await AssertPlayedAsync(heard);
        await bot.SeesAsync("audio_levels", "alice");
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Browser_and_bot_hear_each_other_through_5_percent_of_loss()
    {
        var speech = await Speech.OggAsync();
        await using var bot = await Bot.JoinAsync(_world.Gateway, "loss");
        await using var page = await _world.JoinAsync("loss", "alice", microphone: true);
        _world.MediaRoad.Loss = 0.05;
        try
        {
            List<double> said = [], played = [];
            while (!(Convince(said) && Convince(played)) && said.Count < MostRecordings)
            {
                // Decoded by the gateway, which conceals what is lost: four seconds.
                var hearing = bot.HearAsync("alice", 4 * 16_000 * 2, "audio/wav;rate=16000;channels=1");
                var saying = bot.SayAsync(speech);
                await page.UntilAsync(BotsVoice);
                var heard = await page.RecordAsync(BotsVoice, TimeSpan.FromSeconds(4));
                await saying;
                said.Add(await LikenessToSaidAsync(heard, speech));
                played.Add(await LikenessToPlayedAsync(await hearing));
                _output.WriteLine($"the browser heard {said[^1]:F3} of the bot, the bot {played[^1]:F3} of the microphone");
            }

            Assert.True(Convince(said), $"of what the browser heard is what the bot said: {string.Join(", ", said)}");
            Assert.True(Convince(played), $"of what the bot heard is what the microphone played: {string.Join(", ", played)}");
        }
        finally
        {
            _world.MediaRoad.Loss = 0;
        }
    }

    private static bool IsLike(double likeness) => likeness >= 0.9;

    /// <summary>Two recordings that are alike; a machine that cannot keep up with the browser for a moment spoils the one it is in.</summary>
    private static bool Convince(List<double> likenesses) => likenesses.Count(IsLike) >= 2;

    private async Task AssertPlayedAsync(byte[] recorded)
    {
        var likeness = await LikenessToPlayedAsync(recorded);
        _output.WriteLine($"the bot heard {likeness:F3} of the microphone");
        Assert.True(IsLike(likeness), $"{likeness:F3} of what the bot heard is what the microphone played");
    }

    private static async Task<double> LikenessToSaidAsync(Sound heard, byte[] said) => heard.FoundIn(await Sound.DecodeAsync(said));

    /// <summary>What the bot recorded is part of what the microphone plays, again and again.</summary>
    private static async Task<double> LikenessToPlayedAsync(byte[] recorded)
    {
        var heard = await Sound.DecodeAsync(recorded);
        var played = await Sound.DecodeAsync(await File.ReadAllBytesAsync(Repository.Artifact("microphone.wav")));
        Assert.True(heard.Duration > TimeSpan.FromSeconds(1.5), $"{heard.Duration} heard");
        return heard.FoundIn(played.Repeated(2));
    }
}
