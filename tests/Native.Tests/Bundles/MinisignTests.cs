using System.Diagnostics;
using System.Text;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Bundles;

public sealed class MinisignTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minisign-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Keys_have_the_shape_of_minisigns()
    {
        var key = MinisignSecretKey.Generate();

        Assert.StartsWith("RW", key.PublicKey.ToString(), StringComparison.Ordinal);
        Assert.Matches("^[0-9A-F]{16}$", key.PublicKey.Id);
        Assert.Equal(key.PublicKey.ToString(), MinisignPublicKey.Parse(key.PublicKey.ToString()).ToString());
        Assert.Equal(key.PublicKey.ToString(), MinisignPublicKey.Parse(key.PublicKey.ToFileText()).ToString());
        Assert.Equal(key.PublicKey.ToString(), MinisignSecretKey.Parse(key.ToFileText()).PublicKey.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    [InlineData("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")]
    public void Public_keys_that_are_none_are_refused(string text) => Assert.Throws<FormatException>(() => MinisignPublicKey.Parse(text));

    [Fact]
    public void Secret_keys_that_are_none_or_have_a_password_are_refused()
    {
        var bytes = Convert.FromBase64String(MinisignSecretKey.Generate().ToFileText().Split('\n')[1]);
        "Sc"u8.CopyTo(bytes.AsSpan(2));

        Assert.Throws<FormatException>(() => MinisignSecretKey.Parse("AAAA"));
        Assert.Contains("password", Assert.Throws<FormatException>(() => MinisignSecretKey.Parse(Convert.ToBase64String(bytes))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blake2b_is_that_of_rfc_7693() => Assert.Equal(
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        Convert.ToHexStringLower(LibCrypto.Blake2b512("abc"u8)));

    [Fact]
    public void Ed25519_is_that_of_rfc_8032()
    {
        var seed = Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");

        Assert.Equal(
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", Convert.ToHexStringLower(LibCrypto.PublicKeyOf(seed)));
        Assert.Equal(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            Convert.ToHexStringLower(LibCrypto.Sign(seed, default)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_minisign_signs_verifies_here(bool legacy)
    {
        await RunMinisign("-G", "-W", "-p", At("key.pub"), "-s", At("key.sec"));
        File.WriteAllText(At("file"), "content");
        await RunMinisign([legacy ? "-Sl" : "-SH", "-s", At("key.sec"), "-m", At("file"), "-t", "a comment"]);
        var key = MinisignPublicKey.Parse(File.ReadAllText(At("key.pub")));
        var signature = MinisignSignature.Parse(File.ReadAllBytes(At("file.minisig")));

        Assert.True(signature.Verify(key, "content"u8));
        Assert.True(signature.VerifyGlobal(key));
        Assert.Equal("a comment", signature.TrustedComment);
        Assert.False(signature.Verify(key, "Content"u8));
        Assert.False(signature.Verify(MinisignSecretKey.Generate().PublicKey, "content"u8));
    }

    [Fact]
    public async Task What_is_signed_here_verifies_with_minisign_and_keys_are_interchangeable()
    {
        var key = MinisignSecretKey.Generate();
        File.WriteAllText(At("key.pub"), key.PublicKey.ToFileText());
        File.WriteAllText(At("key.sec"), key.ToFileText());
        File.WriteAllText(At("ours"), "content");
        File.WriteAllBytes(At("ours.minisig"), MinisignSignature.Create(key, "content"u8, "a comment"));
        File.WriteAllText(At("theirs"), "content");

        await RunMinisign("-V", "-p", At("key.pub"), "-m", At("ours"));
        await RunMinisign("-S", "-s", At("key.sec"), "-m", At("theirs"));

        Assert.True(MinisignSignature.Parse(File.ReadAllBytes(At("theirs.minisig"))).Verify(key.PublicKey, "content"u8));
    }

    [Fact]
    public async Task Key_made_by_minisign_signs_bundles_here()
    {
        await RunMinisign("-G", "-W", "-p", At("key.pub"), "-s", At("key.sec"));
        using var files = new TestBundle(MinisignSecretKey.Parse(File.ReadAllText(At("key.sec"))));

        using var bundle = PluginBundle.Open(files.Path, BundleTrust.Keys(MinisignPublicKey.Parse(File.ReadAllText(At("key.pub")))));

        bundle.VerifyAll();
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static async Task RunMinisign(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("minisign", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })
            ?? throw new InvalidOperationException("minisign did not start; install Debian's package of that name.");
        process.StandardInput.Close();
        var said = await process.StandardOutput.ReadToEndAsync().Soon() + await process.StandardError.ReadToEndAsync().Soon();
        await process.WaitForExitAsync().Soon();
        Assert.True(process.ExitCode == 0, said);
    }
}
