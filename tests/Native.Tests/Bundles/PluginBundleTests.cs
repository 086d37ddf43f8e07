using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Tests.Bundles;

public sealed class PluginBundleTests
{
    [Fact]
    public void Bundle_of_a_trusted_key_is_loaded_and_runs()
    {
        using var files = TestBundle.Signed();
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", files.Cache);
        try
        {
            Directory.CreateDirectory(files.Cache);
            using var plugin = NativePluginLoader.LoadBundle(files.Path, TestBundle.Trust);
            Assert.Equal("""{"result":3}""", plugin.Call("math.add", """{"a":1,"b":2}"""));
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", null);
        }
    }

    [Fact]
    public void Bundle_tells_what_is_in_it()
    {
        using var files = TestBundle.Signed();
        using var bundle = files.Open();

        Assert.Equal(("test", "1.2.3", "MIT"), (bundle.Manifest.Plugin!.Name, bundle.Manifest.Plugin.Version, bundle.Manifest.Plugin.License));
        Assert.Equal([TestBundle.Platform, "windows-aarch64"], bundle.Platforms);
        Assert.Equal(["release"], bundle.Variants(TestBundle.Platform));
        Assert.Empty(bundle.Variants("darwin-x86_64"));
        Assert.Equal("local", bundle.Manifest.BuildInfo!.BuiltBy);
        Assert.Equal("{}", Encoding.UTF8.GetString(bundle.ReadSchema("messages.json")));
        Assert.Contains("CycloneDX", Encoding.UTF8.GetString(bundle.ReadFile(bundle.Manifest.Sbom!.Cyclonedx!)), StringComparison.Ordinal);
        Assert.Contains("manifest.json.minisig", bundle.Files);
        bundle.VerifyAll();
        bundle.Dispose();
    }

    [Fact]
    public void Library_is_placed_by_its_hash_with_a_private_mode_and_used_again()
    {
        using var files = TestBundle.Signed();
        using var bundle = files.Open();

        var first = bundle.ExtractLibrary(cacheFolder: files.Cache);
        var written = File.GetLastWriteTimeUtc(first);
        var second = bundle.ExtractLibrary(cacheFolder: files.Cache);

        Assert.Equal((first, written), (second, File.GetLastWriteTimeUtc(second)));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(first))), Path.GetFileName(Path.GetDirectoryName(first)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode(first));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(files.Cache));
    }

    [Fact]
    public void Library_that_was_damaged_in_the_cache_is_replaced()
    {
        using var files = TestBundle.Signed();
        using var bundle = files.Open();
        var path = bundle.ExtractLibrary(cacheFolder: files.Cache);
        var whole = File.ReadAllBytes(path);
        byte[][] damages = [[], "damaged"u8.ToArray(), whole[..^1], [.. whole[..^1], (byte)(whole[^1] ^ 1)]];

        Assert.All(damages, damage =>
        {
            File.Delete(path);
            File.WriteAllBytes(path, damage);
            Assert.Equal(path, bundle.ExtractLibrary(cacheFolder: files.Cache));
            Assert.Equal(whole, File.ReadAllBytes(path));
        });
    }

    [Fact]
    public async Task Loaders_at_once_all_get_the_same_library()
    {
        using var files = TestBundle.Signed();

        var paths = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            using var bundle = files.Open();
            return bundle.ExtractLibrary(cacheFolder: files.Cache);
        })));

        Assert.Single(paths.Distinct());
        Assert.Single(Directory.GetDirectories(files.Cache));
    }

    [Fact]
    public void Cache_that_others_may_write_is_refused()
    {
        using var files = TestBundle.Signed();
        var cache = Path.Combine(files.Folder, "open");
        Directory.CreateDirectory(cache);
        File.SetUnixFileMode(cache, (UnixFileMode)0b111_111_111);
        using var bundle = files.Open();

        Assert.Equal(BundleError.UnsafeCache, Assert.Throws<BundleException>(() => bundle.ExtractLibrary(cacheFolder: cache)).Error);
        Assert.Empty(Directory.GetFileSystemEntries(cache));
    }

    [Fact]
    public void Cache_that_is_a_link_to_elsewhere_is_refused()
    {
        using var files = TestBundle.Signed();
        var (elsewhere, link) = (Path.Combine(files.Folder, "elsewhere"), Path.Combine(files.Folder, "link"));
        Directory.CreateDirectory(elsewhere, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(link, elsewhere);
        using var bundle = files.Open();

        Assert.Equal(BundleError.UnsafeCache, Assert.Throws<BundleException>(() => bundle.ExtractLibrary(cacheFolder: link)).Error);
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    [Fact]
    public void Cache_forgets_what_a_crash_left_and_what_nobody_has_used_for_a_month()
    {
        using var files = TestBundle.Signed();
        using var bundle = files.Open();
        var used = Path.GetDirectoryName(bundle.ExtractLibrary(cacheFolder: files.Cache))!;
        Directory.SetLastWriteTimeUtc(used, DateTime.UtcNow.AddDays(-29));
        string Left(string name, TimeSpan age)
        {
            var folder = Directory.CreateDirectory(Path.Combine(files.Cache, name)).FullName;
            File.WriteAllText(Path.Combine(folder, "library.so"), "left");
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow - age);
            return folder;
        }

        string[] old = [Left(".new-crashed", TimeSpan.FromHours(2)), Left("unused", TimeSpan.FromDays(31))];
        string[] young = [Left(".new-at-work", TimeSpan.FromMinutes(2)), Left("another", TimeSpan.FromDays(2)), used];
        bundle.ExtractLibrary(cacheFolder: files.Cache);

        Assert.All(old, folder => Assert.False(Directory.Exists(folder), folder));
        Assert.All(young, folder => Assert.True(Directory.Exists(folder), folder));
        Assert.True(DateTime.UtcNow - Directory.GetLastWriteTimeUtc(used) < TimeSpan.FromDays(1)); // using it counts
    }

    [Fact]
    public void Key_that_is_not_the_callers_is_not_trusted()
    {
        using var files = new TestBundle(MinisignSecretKey.Generate());

        Assert.Equal(BundleError.UntrustedKey, files.RefusalOf());
    }

    [Fact]
    public void Key_with_the_id_of_a_trusted_one_is_no_way_in()
    {
        var forged = MinisignSecretKey.Generate().ToFileText();
        var bytes = Convert.FromBase64String(forged.Split('\n')[1]);
        TestBundle.Key.PublicKey.KeyId.CopyTo(bytes.AsSpan(54));
        using var files = new TestBundle(MinisignSecretKey.Parse(Convert.ToBase64String(bytes)));

        Assert.Equal(BundleError.WrongSignature, files.RefusalOf());
    }

    [Fact]
    public void Bundle_without_signatures_needs_explicit_trust()
    {
        using var files = new TestBundle(key: null);

        Assert.Equal(BundleError.NotSigned, files.RefusalOf());
        using var bundle = PluginBundle.Open(files.Path, BundleTrust.Anyone);
        Assert.True(File.Exists(bundle.ExtractLibrary(cacheFolder: files.Cache)));
        Assert.Throws<ArgumentException>(() => BundleTrust.Keys());
    }

    [Fact]
    public void Manifest_that_was_changed_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Change("manifest.json", json => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json).Replace("1.2.3", "1.2.4", StringComparison.Ordinal)));

        Assert.Equal(BundleError.WrongSignature, files.RefusalOf());
    }

    [Fact]
    public void Library_that_was_changed_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Change(TestBundle.LibraryName, content => [.. content[..^1], (byte)(content[^1] ^ 1)]);

        Assert.Equal(BundleError.WrongSignature, files.RefusalOf());
    }

    [Fact]
    public void Library_with_another_checksum_is_refused()
    {
        using var files = TestBundle.Signed();
        var content = File.ReadAllBytes(Support.TestPlugins.Complete);
        files.ChangeManifest(Convert.ToHexStringLower(SHA256.HashData(content)), new string('0', 64));

        Assert.Equal(BundleError.WrongChecksum, files.RefusalOf());
    }

    [Fact]
    public void Schema_that_was_changed_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Change("schema/messages.json", _ => "[]"u8.ToArray());

        Assert.Equal(BundleError.WrongChecksum, files.RefusalOf(bundle => bundle.ReadSchema("messages.json")));
    }

    [Fact]
    public void Trusted_comment_that_was_changed_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Change("manifest.json.minisig", file => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file).Replace("timestamp:", "timestamp:9", StringComparison.Ordinal)));

        Assert.Equal(BundleError.WrongGlobalSignature, files.RefusalOf());
    }

    [Theory]
    [InlineData("manifest.json.minisig")]
    [InlineData("lib")]
    public void Signature_that_is_missing_is_missed(string name)
    {
        using var files = TestBundle.Signed();
        files.Change(name == "lib" ? TestBundle.LibraryName + ".minisig" : name, _ => null);

        Assert.Equal(BundleError.NotSigned, files.RefusalOf());
    }

    [Theory]
    [InlineData("")]
    [InlineData("one line")]
    [InlineData("untrusted comment: a\nnot base64!\ntrusted comment: b\nAAAA\n")]
    [InlineData("untrusted comment: a\nAAAA\ntrusted comment: b\nAAAA\n")]
    public void Signature_that_is_none_is_refused(string text)
    {
        using var files = TestBundle.Signed();
        files.Change("manifest.json.minisig", _ => Encoding.UTF8.GetBytes(text));

        Assert.Equal(BundleError.MalformedSignature, files.RefusalOf());
    }

    [Theory]
    [InlineData("\"bundle_version\": \"1.0\"", "\"bundle_version\": \"2.0\"", BundleError.UnsupportedVersion)]
    [InlineData("\"bundle_version\": \"1.0\"", "\"bundle_version\": \"\"", BundleError.InvalidManifest)]
    [InlineData("\"name\": \"test\"", "\"title\": \"test\"", BundleError.InvalidManifest)]
    [InlineData("\"version\": \"1.2.3\"", "\"version\": \" \"", BundleError.InvalidManifest)]
    [InlineData("\"release\"", "\"Release\"", BundleError.InvalidManifest)]
    [InlineData("\"release\"", "\"debug\"", BundleError.InvalidManifest)]
    [InlineData("windows-aarch64\":", "amiga-m68k\":", BundleError.InvalidManifest)]
    [InlineData("sha256:", "SHA256:", BundleError.InvalidManifest)]
    [InlineData("sha256:", "sha256:sha256:", BundleError.InvalidManifest)]
    [InlineData("\"plugin\": {", "\"plugin\": {}, \"plugin\": {", BundleError.InvalidManifest)]
    [InlineData("lib/windows-aarch64/release/test.dll", "lib/../../../test.dll", BundleError.UnsafeName)]
    [InlineData("\"messages.json\": {", "\"../messages.json\": {", BundleError.UnsafeName)]
    [InlineData("\"platforms\": {", "\"platforms\": [", BundleError.InvalidManifest)]
    public void Manifest_that_does_not_say_what_it_must_is_refused(string from, string to, BundleError error)
    {
        using var files = TestBundle.Signed();
        files.ChangeManifest(from, to);

        Assert.Equal(error, files.RefusalOf());
    }

    [Fact]
    public void Manifest_that_is_missing_is_missed()
    {
        using var files = TestBundle.Signed();
        files.Change("manifest.json", _ => null);

        Assert.Equal(BundleError.InvalidManifest, files.RefusalOf());
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/evil")]
    [InlineData("a/../../evil")]
    [InlineData("a\\evil")]
    [InlineData("C:evil")]
    [InlineData("a//evil")]
    public void Entry_that_leads_outside_is_refused(string name)
    {
        using var files = TestBundle.Signed();
        files.Change(name, _ => [1]);

        Assert.Equal(BundleError.UnsafeName, files.RefusalOf());
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("MANIFEST.json")]
    public void Entry_that_is_there_twice_is_refused(string second)
    {
        using var files = TestBundle.Signed();
        files.Rebuild(archive =>
        {
            Write(archive, "manifest.json", "{}"u8);
            Write(archive, second, "{}"u8);
        });

        Assert.Equal(BundleError.DuplicateEntry, files.RefusalOf());
    }

    [Theory]
    [InlineData(0xA1FF)]
    [InlineData(0x41ED)]
    [InlineData(0x21ED)]
    public void Entry_that_is_no_plain_file_is_refused(int mode)
    {
        using var files = TestBundle.Signed();
        files.Rebuild(archive => Write(archive, "link", "/etc/passwd"u8, mode));

        Assert.Equal(BundleError.NotAFile, files.RefusalOf());
    }

    [Fact]
    public void Entry_that_unpacks_to_far_more_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Change("bomb", _ => new byte[10 << 20]);

        Assert.Equal(BundleError.TooLarge, files.RefusalOf());
    }

    [Fact]
    public void Bundle_with_too_many_entries_is_refused()
    {
        using var files = TestBundle.Signed();
        files.Rebuild(archive =>
        {
            for (var i = 0; i < 1100; i++)
            {
                Write(archive, $"file-{i}", "x"u8);
            }
        });

        Assert.Equal(BundleError.TooLarge, files.RefusalOf());
    }

    [Fact]
    public void Platform_variant_or_schema_that_is_not_included_is_named()
    {
        using var files = TestBundle.Signed();

        Assert.Equal(BundleError.NotIncluded, files.RefusalOf(bundle => bundle.ExtractLibrary("debug", files.Cache)));
        Assert.Equal(BundleError.NotIncluded, files.RefusalOf(bundle => bundle.ReadSchema("nothing")));
        Assert.Equal(BundleError.MissingEntry, files.RefusalOf(bundle => bundle.ReadFile("nothing")));
        files.ChangeManifest(TestBundle.Platform + "\":", "darwin-aarch64\":");
        Assert.Equal(BundleError.NotIncluded, files.RefusalOf());
    }

    [Theory]
    [InlineData("")]
    [InlineData("this is no archive, whatever its name says, and never was")]
    public void File_that_is_no_archive_is_refused(string text)
    {
        using var files = TestBundle.Signed();
        File.WriteAllText(files.Path, text);

        Assert.Equal(BundleError.MalformedArchive, files.RefusalOf());
        File.Delete(files.Path);
        Assert.Equal(BundleError.Unreadable, files.RefusalOf());
    }

    private static void Write(ZipArchive archive, string name, ReadOnlySpan<byte> content, int mode = 0)
    {
        var entry = archive.CreateEntry(name);
        entry.ExternalAttributes = mode << 16;
        using var stream = entry.Open();
        stream.Write(content);
    }
}
