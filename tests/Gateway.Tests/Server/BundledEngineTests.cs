using System.Runtime.InteropServices;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Tests.Server;

/// <summary>The gateway with its native library in a signed bundle.</summary>
public sealed class BundledEngineTests : IDisposable
{
    private static readonly MinisignSecretKey Key = MinisignSecretKey.Generate();

    private readonly string _folder = Directory.CreateTempSubdirectory("bundled-").FullName;

    private static string Platform => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? "linux-aarch64" : "linux-x86_64";

    private string Bundle => Path.Combine(_folder, "rtc.rbp");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Bundle_of_the_trusted_key_is_loaded()
    {
        Pack(Key);
        var publicKey = Path.Combine(_folder, "signing.key.pub");
        await File.WriteAllTextAsync(publicKey, Key.PublicKey.ToFileText());

        using var gateway = Start(publicKey);
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };

        Assert.Contains("\"state\":\"active\"", await http.GetStringAsync("/v1/native").WithTimeout(), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder, "librtc.so", SearchOption.AllDirectories));
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task Bundle_of_another_key_ends_the_start_and_nothing_of_it_is_written()
    {
        Pack(MinisignSecretKey.Generate());

        using var gateway = Start(Key.PublicKey.ToString());

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("is refused (UntrustedKey)", gateway.Output);
        Assert.Equal([Bundle], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Bundle_without_a_key_to_trust_ends_the_start()
    {
        Pack(Key);

        using var gateway = GatewayProcess.Start(("Native__BundlePath", Bundle));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("Native:BundlePath needs Native:BundlePublicKey", gateway.Output);
    }

    [Fact]
    public async Task Key_that_is_none_ends_the_start()
    {
        Pack(Key);

        using var gateway = Start("RWnonsense");

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("Native:BundlePublicKey is no minisign public key", gateway.Output);
    }

    private GatewayProcess Start(string publicKey) => GatewayProcess.Start(
        ("Native__BundlePath", Bundle), ("Native__BundlePublicKey", publicKey), ("XDG_CACHE_HOME", _folder));

    private void Pack(MinisignSecretKey key)
    {
        var writer = new BundleWriter(new BundlePlugin { Name = "rtc", Version = "0.1.0" });
        writer.AddLibrary(
            Platform, "release", "librtc.so", File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "librtc.so")));
        using var file = File.Create(Bundle);
        writer.Write(file, key);
    }
}
