using System.IO.Compression;
using System.Text.Json;
using StreamGateway.Native.Bundles;
using StreamGateway.Tests;

namespace StreamGateway.Native.Tests.Bundles;

/// <summary>The bundle of the RTC library that <c>scripts/bundle.sh</c> makes.</summary>
public sealed class PackagedLibraryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("packaged-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RTC_library_is_packed_with_its_schemas_its_parts_and_its_origin_and_minisign_agrees()
    {
        await Tool.RunAsync("minisign", ["-G", "-W", "-p", At("key.pub"), "-s", At("key.sec")]);
        await Tool.RunAsync(
            Path.Combine(RepositoryFolder.Path, "scripts/bundle.sh"), ["--key", At("key.sec"), "--output", At("rtc.rbp"), "--no-build"]);

        using var bundle = PluginBundle.Open(
            At("rtc.rbp"), BundleTrust.Keys(MinisignPublicKey.Parse(await File.ReadAllTextAsync(At("key.pub")))));
        bundle.VerifyAll();
        var commands = JsonDocument.Parse(bundle.ReadSchema("commands.schema.json")).RootElement.GetProperty("commands");
        Assert.Equal("integer", Property(commands, "rtc.join", "answer", "session").GetProperty("type").GetString());
        Assert.Equal("string", Property(commands, "sfu.start", "request", "token_secret").GetProperty("type").GetString());
        Assert.Equal(["commands.schema.json", "events.proto", "rtc.h"], bundle.Manifest.Schemas!.Keys.Order());
        var sbom = JsonDocument.Parse(bundle.ReadFile(bundle.Manifest.Sbom!.Cyclonedx!)).RootElement;
        var parts = sbom.GetProperty("components").EnumerateArray().Select(part => part.GetProperty("name").GetString()).ToList();
        Assert.Contains("golang-github-pion-webrtc-v4-dev", parts);
        Assert.Contains("libopus0", parts);
        Assert.NotNull(bundle.Manifest.BuildInfo!.Git!.Commit);
        Assert.StartsWith("go1.", bundle.Manifest.BuildInfo.Compiler, StringComparison.Ordinal);
        await MinisignAgreesAsync("manifest.json");
        await MinisignAgreesAsync($"lib/{bundle.Platforms.Single()}/release/librtc.so");
    }

    private static JsonElement Property(JsonElement commands, string tag, string side, string field) =>
        commands.GetProperty(tag).GetProperty(side).GetProperty("properties").GetProperty(field);

    private async Task MinisignAgreesAsync(string entry)
    {
        using var archive = ZipFile.OpenRead(At("rtc.rbp"));
        archive.GetEntry(entry)!.ExtractToFile(At("signed"), overwrite: true);
        archive.GetEntry(entry + ".minisig")!.ExtractToFile(At("signed.minisig"), overwrite: true);
        await Tool.RunAsync("minisign", ["-V", "-p", At("key.pub"), "-m", At("signed")]);
    }

    private string At(string name) => Path.Combine(_folder, name);
}
