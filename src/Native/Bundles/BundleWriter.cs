using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;

namespace StreamGateway.Native.Bundles;

/// <summary>Makes a bundle, signed or not, that every rustbridge host reads.</summary>
public sealed class BundleWriter
{
    private readonly BundlePlugin _plugin;
    private readonly Dictionary<string, Dictionary<string, BundleVariant>> _platforms = [];
    private readonly Dictionary<string, BundleSchema> _schemas = [];
    private readonly List<(string Name, byte[] Content, bool IsSigned)> _files = [];
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase) { "manifest.json", "manifest.json.minisig" };

    /// <exception cref="ArgumentException">The plugin has no name or no version.</exception>
    public BundleWriter(BundlePlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        ArgumentException.ThrowIfNullOrWhiteSpace(plugin.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(plugin.Version);
        _plugin = plugin;
    }

    public BundleBuildInfo? BuildInfo { get; init; }

    public BundleSbom? Sbom { get; init; }

    /// <summary>Adds a library for a platform such as <c>linux-x86_64</c>.</summary>
    /// <exception cref="ArgumentException">The bundle has it already, or a reader would refuse its name.</exception>
    public void AddLibrary(string platform, string variant, string fileName, byte[] content, JsonElement? build = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = $"lib/{platform}/{variant}/{fileName}";
        AddEntry(path, content, isSigned: true);
        if (!_platforms.TryGetValue(platform, out var variants))
        {
            _platforms.Add(platform, variants = []);
        }

        variants.Add(variant, new BundleVariant { Library = path, Checksum = "sha256:" + Hash(content), Build = build });
    }

    /// <summary>Adds a description of the plugin's messages. Its format follows from its name.</summary>
    /// <exception cref="ArgumentException">The bundle has it already, or a reader would refuse its name.</exception>
    public void AddSchema(string name, byte[] content, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        var format = Path.GetExtension(name) switch
        {
            ".h" or ".hpp" => "c-header",
            ".json" => "json-schema",
            _ => "unknown",
        };
        AddEntry($"schema/{name}", content, isSigned: false);
        _schemas.Add(name, new BundleSchema { Path = $"schema/{name}", Format = format, Checksum = Hash(content), Description = description });
    }

    /// <summary>Adds another file, such as <c>sbom/sbom.cdx.json</c> or <c>docs/NOTICES.txt</c>.</summary>
    /// <exception cref="ArgumentException">The bundle has it already, or a reader would refuse its name.</exception>
    public void AddFile(string name, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        AddEntry(name, content, isSigned: false);
    }

    /// <summary>Writes the bundle: the manifest first, each signature behind what it signs.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="key">Signs the manifest and every library; null leaves the bundle unsigned.</param>
    /// <exception cref="BundleException">The bundle would be refused by a reader.</exception>
    public void Write(Stream output, MinisignSecretKey? key)
    {
        var manifest = JsonSerializer.SerializeToUtf8Bytes(CreateManifest(key), BundleJson.Default.BundleManifest);
        ManifestReader.Read(manifest);
        using var archive = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true);
        WriteEntry(archive, "manifest.json", manifest, key);
        foreach (var (name, content, isSigned) in _files)
        {
            WriteEntry(archive, name, content, isSigned ? key : null);
        }
    }

    private void AddEntry(string name, byte[] content, bool isSigned)
    {
        if (ArchiveNames.Problem(name) is { } problem)
        {
            throw new ArgumentException($"The entry '{name}' {problem}.", nameof(name));
        }

        if (!_names.Add(name) || (isSigned && !_names.Add(name + ".minisig")))
        {
            throw new ArgumentException($"The bundle has {name} already.", nameof(name));
        }

        _files.Add((name, content, isSigned));
    }

    private BundleManifest CreateManifest(MinisignSecretKey? key) => new()
    {
        BundleVersion = "1.0",
        Plugin = _plugin,
        Platforms = _platforms.ToDictionary(platform => platform.Key, platform => new BundlePlatform { Variants = platform.Value }),
        BuildInfo = BuildInfo,
        Sbom = Sbom,
        Schemas = _schemas.Count > 0 ? _schemas : null,
        PublicKey = key?.PublicKey.ToString(),
    };

    private static void WriteEntry(ZipArchive archive, string name, byte[] content, MinisignSecretKey? key)
    {
        WriteEntry(archive, name, content);
        if (key is not null)
        {
            var comment = $"timestamp:{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}\tfile:{Path.GetFileName(name)}\thashed";
            WriteEntry(archive, name + ".minisig", MinisignSignature.Create(key, content, comment));
        }
    }

    private static void WriteEntry(ZipArchive archive, string name, byte[] content)
    {
        using var stream = archive.CreateEntry(name, CompressionLevel.Optimal).Open();
        stream.Write(content);
    }

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
