using System.Text;
using StreamGateway.Native.Bundles;
using StreamGateway.Tests;

namespace StreamGateway.Native.Tests.Bundles;

/// <summary>The packager as a program.</summary>
public sealed class BundlerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bundler-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Bundle_for_two_platforms_is_made_listed_verified_and_extracted()
    {
        await BundlerAsync("keygen", "--output", At("signing.key"));
        await CreateAsync();

        var listed = await BundlerAsync("list", At("echo.rbp"));
        await BundlerAsync("verify", At("echo.rbp"), "--public-key", At("signing.key.pub"));
        var extracted = await BundlerAsync("extract", At("echo.rbp"), "--public-key", At("signing.key.pub"), "--output", At("out"));

        Assert.Contains("echo 2.1.0 (bundle format 1.0)", listed, StringComparison.Ordinal);
        Assert.Contains($"{TestBundle.Platform}: release", listed, StringComparison.Ordinal);
        Assert.Contains("windows-aarch64: release, debug", listed, StringComparison.Ordinal);
        Assert.Contains("schemas: messages.json", listed, StringComparison.Ordinal);
        Assert.Contains("bill of materials: sbom/sbom.cdx.json, sbom/sbom.spdx.json", listed, StringComparison.Ordinal);
        Assert.Contains("manifest.json.minisig", listed, StringComparison.Ordinal);
        Assert.Equal("here", await File.ReadAllTextAsync(extracted.Trim()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("signing.key")));
    }

    [Fact]
    public async Task Bundle_of_another_key_is_refused_by_name_and_nothing_is_written()
    {
        await BundlerAsync("keygen", "--output", At("signing.key"));
        await CreateAsync();

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => BundlerAsync(
            "extract", At("echo.rbp"), "--public-key", MinisignSecretKey.Generate().PublicKey.ToString(), "--output", At("out")));

        Assert.Contains("UntrustedKey: ", refusal.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("out")));
    }

    [Theory]
    [InlineData("../evil.json")]
    [InlineData("MESSAGES.json")]
    public async Task Bundle_that_no_host_would_read_is_not_made(string schema)
    {
        await BundlerAsync("keygen", "--output", At("signing.key"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => CreateAsync("--schema", $"{At("messages.json")}:{schema}"));
    }

    private async Task CreateAsync(params string[] more)
    {
        await File.WriteAllTextAsync(At("libecho.so"), "here");
        await File.WriteAllTextAsync(At("echo.dll"), "there");
        await File.WriteAllTextAsync(At("messages.json"), "{}");
        await BundlerAsync(
        [
            "create", "--name", "echo", "--version", "2.1.0", "--license", "MIT", "--component", "libopus0@1.3.1",
            "--lib", $"{TestBundle.Platform}:{At("libecho.so")}",
            "--lib", $"windows-aarch64:release:{At("echo.dll")}", "--lib", $"windows-aarch64:debug:{At("echo.dll")}",
            "--schema", $"{At("messages.json")}:messages.json", "--sign-key", At("signing.key"), "--output", At("echo.rbp"), .. more,
        ]);
    }

    private static async Task<string> BundlerAsync(params string[] arguments)
    {
        var program = Path.Combine(
            RepositoryFolder.Path, "artifacts/bin/Native.Bundler", BuildConfiguration, "StreamGateway.Native.Bundler.dll");
        return Encoding.UTF8.GetString(await Tool.RunAsync("dotnet", [program, .. arguments]));
    }

    // The tests' own folder is named by it as well.
    private static string BuildConfiguration => Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    private string At(string name) => Path.Combine(_folder, name);
}
