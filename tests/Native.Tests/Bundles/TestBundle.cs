using System.IO.Compression;
using System.Text;
using StreamGateway.Native.Bundles;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Bundles;

/// <summary>A folder of its own with a signed bundle in it, and ways to spoil the bundle.</summary>
internal sealed class TestBundle : IDisposable
{
    internal static readonly MinisignSecretKey Key = MinisignSecretKey.Generate();

    internal TestBundle(MinisignSecretKey? key)
    {
        Directory.CreateDirectory(Folder);
        var writer = NewWriter();
        using var file = File.Create(Path);
        writer.Write(file, key);
    }

    internal string Folder { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"bundle-{Guid.NewGuid():N}");

    internal string Path => System.IO.Path.Combine(Folder, "plugin.rbp");

    internal string Cache => System.IO.Path.Combine(Folder, "cache");

    internal static BundleTrust Trust => BundleTrust.Keys(Key.PublicKey);

    internal static string Platform => BundlePlatforms.Current;

    internal static string LibraryName => $"lib/{Platform}/release/libtest_complete.so";

    internal static TestBundle Signed() => new(Key);

    internal static BundleWriter NewWriter()
    {
        var writer = new BundleWriter(new BundlePlugin { Name = "test", Version = "1.2.3", License = "MIT" })
        {
            BuildInfo = new BundleBuildInfo { BuiltBy = "local" },
            Sbom = new BundleSbom { Cyclonedx = "sbom/sbom.cdx.json" },
        };
        writer.AddLibrary(Platform, "release", "libtest_complete.so", File.ReadAllBytes(TestPlugins.Complete));
        writer.AddLibrary("windows-aarch64", "release", "test.dll", "not for here"u8.ToArray());
        writer.AddSchema("messages.json", "{}"u8.ToArray());
        writer.AddFile("sbom/sbom.cdx.json", """{"bomFormat":"CycloneDX"}"""u8.ToArray());
        return writer;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal PluginBundle Open() => PluginBundle.Open(Path, Trust);

    internal BundleError RefusalOf(Action<PluginBundle>? use = null)
    {
        var exception = Assert.Throws<BundleException>(() =>
        {
            using var bundle = Open();
            (use ?? (opened => opened.ExtractLibrary(cacheFolder: Cache)))(bundle);
        });
        Assert.False(Directory.Exists(Cache), "something was written before the refusal");
        return exception.Error;
    }

    /// <summary>Replaces an entry's content, adds the entry, or removes it.</summary>
    internal void Change(string name, Func<byte[], byte[]?> change)
    {
        using var archive = ZipFile.Open(Path, ZipArchiveMode.Update);
        var entry = archive.GetEntry(name);
        var content = new MemoryStream();
        if (entry is not null)
        {
            using (var stream = entry.Open())
            {
                stream.CopyTo(content);
            }

            entry.Delete();
        }

        if (change(content.ToArray()) is { } changed)
        {
            using var stream = archive.CreateEntry(name).Open();
            stream.Write(changed);
        }
    }

    /// <summary>Changes the manifest and signs it again with the trusted key.</summary>
    internal void ChangeManifest(string from, string to)
    {
        var signed = Array.Empty<byte>();
        Change("manifest.json", json =>
        {
            var text = Encoding.UTF8.GetString(json);
            Assert.Contains(from, text, StringComparison.Ordinal);
            return signed = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        });
        Change("manifest.json.minisig", _ => MinisignSignature.Create(Key, signed, "again"));
    }

    /// <summary>Makes the archive anew, entry by entry.</summary>
    internal void Rebuild(Action<ZipArchive> build)
    {
        using var file = File.Create(Path);
        using var archive = new ZipArchive(file, ZipArchiveMode.Create);
        build(archive);
    }
}
