using System.Security.Cryptography;

namespace StreamGateway.Native.Bundles;

/// <summary>An open bundle (<c>.rbp</c>): a plugin's libraries for several platforms, with what describes them.</summary>
/// <remarks>
/// Opening checks the archive's shape, the manifest, and the manifest's signature, in this order; extracting checks the
/// library's signature, then its checksum, and only then writes. Not safe for several threads at once.
/// </remarks>
public sealed class PluginBundle : IDisposable
{
    private const string ManifestName = "manifest.json";
    private const int MaxManifestSize = 1 << 20;

    private readonly BundleArchive _archive;
    private readonly BundleTrust _trust;

    private PluginBundle(BundleArchive archive, BundleTrust trust, BundleManifest manifest)
    {
        _archive = archive;
        _trust = trust;
        Manifest = manifest;
    }

    public BundleManifest Manifest { get; }

    /// <summary>Platform keys, such as <c>linux-x86_64</c>.</summary>
    public IEnumerable<string> Platforms => Manifest.Platforms!.Keys;

    /// <summary>Names of all files in the bundle.</summary>
    public IReadOnlyCollection<string> Files => _archive.Names;

    /// <exception cref="BundleException">The bundle is refused; <see cref="BundleException.Error"/> says why.</exception>
    public static PluginBundle Open(string path, BundleTrust trust)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(trust);
        var archive = BundleArchive.Open(path);
        try
        {
            var json = ReadManifest(archive);
            var bundle = new PluginBundle(archive, trust, ManifestReader.Read(json));
            bundle.CheckSignature(ManifestName, json);
            return bundle;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    /// <summary>Variants there are for a platform; none when the platform is not included.</summary>
    public IEnumerable<string> Variants(string platform) =>
        Manifest.Platforms!.TryGetValue(platform, out var builds) ? builds.Variants!.Keys : [];

    /// <summary>A schema's text, checked against its checksum.</summary>
    /// <exception cref="BundleException">There is none of that name, or it was changed.</exception>
    public byte[] ReadSchema(string name)
    {
        if (Manifest.Schemas?.TryGetValue(name, out var schema) is not true)
        {
            throw new BundleException(BundleError.NotIncluded, $"The bundle has no schema {name}.");
        }

        var content = _archive.Read(schema!.Path!);
        RequireChecksum(schema.Path!, SHA256.HashData(content), schema.Checksum ?? "");
        return content;
    }

    /// <summary>A file of the bundle, such as a bill of materials, a licence or notices. It has no signature of its own.</summary>
    /// <exception cref="BundleException">There is no such file.</exception>
    public byte[] ReadFile(string name) => _archive.Read(name);

    /// <summary>Checks the library for this process and places it in the cache; answers its path.</summary>
    /// <param name="variant">Null takes <c>release</c>.</param>
    /// <param name="cacheFolder">A folder with mode 0700, made when it is missing; null takes one below the user's cache.</param>
    /// <exception cref="BundleException">The library is refused, or the folder is not safe. Nothing was written.</exception>
    public string ExtractLibrary(string? variant = null, string? cacheFolder = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Libraries are extracted on Linux only.");
        }

        var build = Find(BundlePlatforms.Current, variant ?? "release");
        var library = build.Library!;
        using var content = ReadLibrary(build);
        return new BundleCache(cacheFolder).Place(Path.GetFileName(library), content.Memory.Span, Sha256(build.Checksum!).ToLowerInvariant());
    }

    /// <summary>Checks every library of every platform.</summary>
    /// <exception cref="BundleException">One is refused.</exception>
    public void VerifyAll()
    {
        foreach (var build in Manifest.Platforms!.Values.SelectMany(platform => platform.Variants!.Values))
        {
            ReadLibrary(build).Dispose();
        }

        foreach (var schema in Manifest.Schemas?.Keys ?? [])
        {
            ReadSchema(schema);
        }
    }

    public void Dispose() => _archive.Dispose();

    private RentedContent ReadLibrary(BundleVariant build)
    {
        var content = _archive.Rent(build.Library!);
        try
        {
            CheckLibrary(build, content.Memory);
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    private void CheckLibrary(BundleVariant build, ReadOnlyMemory<byte> content)
    {
        // Computed beside the signature's check, or here when no pool thread had time for it, and judged after that check:
        // what is refused is refused for the first of its faults.
        var hash = new Lazy<byte[]>(() => SHA256.HashData(content.Span));
        ThreadPool.UnsafeQueueUserWorkItem(static hash => _ = hash.Value, hash, preferLocal: false);
        try
        {
            CheckSignature(build.Library!, content.Span);
        }
        finally
        {
            // Nobody reads the buffer any more when it is given back.
            _ = hash.Value;
        }

        RequireChecksum(build.Library!, hash.Value, build.Checksum!);
    }

    private BundleVariant Find(string platform, string variant)
    {
        if (!Manifest.Platforms!.TryGetValue(platform, out var builds))
        {
            throw new BundleException(
                BundleError.NotIncluded, $"The bundle has no library for {platform}, only for {string.Join(", ", Platforms)}.");
        }

        return builds.Variants!.TryGetValue(variant, out var build)
            ? build
            : throw new BundleException(
                BundleError.NotIncluded, $"The bundle has no variant {variant} for {platform}, only {string.Join(", ", builds.Variants.Keys)}.");
    }

    private static byte[] ReadManifest(BundleArchive archive)
    {
        if (!archive.Contains(ManifestName))
        {
            throw new BundleException(BundleError.InvalidManifest, $"The bundle has no {ManifestName}.");
        }

        var json = archive.Read(ManifestName);
        return json.Length <= MaxManifestSize
            ? json
            : throw new BundleException(BundleError.TooLarge, $"The manifest has {json.Length} bytes, more than {MaxManifestSize}.");
    }

    private void CheckSignature(string name, ReadOnlySpan<byte> content)
    {
        if (_trust.PublicKeys is not { } keys)
        {
            return;
        }

        if (!_archive.Contains(name + ".minisig"))
        {
            throw new BundleException(BundleError.NotSigned, $"{name} has no signature.");
        }

        var signature = ParseSignature(name, _archive.Read(name + ".minisig"));
        var key = FindKey(keys, signature) ?? throw new BundleException(
            BundleError.UntrustedKey, $"{name} was signed with the key {MinisignPublicKey.FormatId(signature.KeyId)}, which is not trusted.");
        if (!signature.Verify(key, content))
        {
            throw new BundleException(BundleError.WrongSignature, $"The signature of {name} does not fit its content.");
        }

        if (!signature.VerifyGlobal(key))
        {
            throw new BundleException(BundleError.WrongGlobalSignature, $"The trusted comment of the signature of {name} was changed.");
        }
    }

    private static MinisignSignature ParseSignature(string name, byte[] file)
    {
        try
        {
            return MinisignSignature.Parse(file);
        }
        catch (FormatException exception)
        {
            throw new BundleException(BundleError.MalformedSignature, $"The signature of {name} cannot be read: {exception.Message}.", exception);
        }
    }

    private static MinisignPublicKey? FindKey(IReadOnlyList<MinisignPublicKey> keys, MinisignSignature signature)
    {
        foreach (var key in keys)
        {
            if (key.KeyId.SequenceEqual(signature.KeyId))
            {
                return key;
            }
        }

        return null;
    }

    private static void RequireChecksum(string name, byte[] hash, string checksum)
    {
        if (!string.Equals(Sha256(checksum), Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase))
        {
            throw new BundleException(BundleError.WrongChecksum, $"{name} is not what its checksum in the manifest says.");
        }
    }

    private static string Sha256(string checksum)
    {
        const string Prefix = "sha256:";
        return checksum.StartsWith(Prefix, StringComparison.Ordinal) ? checksum[Prefix.Length..] : checksum;
    }
}
