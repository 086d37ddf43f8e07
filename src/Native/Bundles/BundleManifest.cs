using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamGateway.Native.Bundles;

/// <summary>The <c>manifest.json</c> of a bundle. Members a host does not know are ignored.</summary>
public sealed record BundleManifest
{
    /// <summary>Version of the bundle format, such as <c>1.0</c>.</summary>
    public string? BundleVersion { get; init; }

    public BundlePlugin? Plugin { get; init; }

    /// <summary>By platform key, such as <c>linux-x86_64</c>.</summary>
    public IReadOnlyDictionary<string, BundlePlatform>? Platforms { get; init; }

    public BundleBuildInfo? BuildInfo { get; init; }

    public BundleSbom? Sbom { get; init; }

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, BundleSchema>? Schemas { get; init; }

    /// <summary>Archive path of third-party notices.</summary>
    public string? Notices { get; init; }

    /// <summary>Archive path of the plugin's licence.</summary>
    public string? LicenseFile { get; init; }

    /// <summary>The key the bundle says it was signed with; never a reason to trust it.</summary>
    public string? PublicKey { get; init; }
}

/// <summary>What the plugin is.</summary>
public sealed record BundlePlugin
{
    public string? Name { get; init; }

    public string? Version { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string>? Authors { get; init; }

    public string? License { get; init; }

    public string? Repository { get; init; }
}

/// <summary>The builds for one platform.</summary>
public sealed record BundlePlatform
{
    /// <summary>By variant name; <c>release</c> is always there.</summary>
    public IReadOnlyDictionary<string, BundleVariant>? Variants { get; init; }
}

/// <summary>One build.</summary>
public sealed record BundleVariant
{
    /// <summary>Archive path of the library.</summary>
    public string? Library { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public string? Checksum { get; init; }

    /// <summary>How it was built; free form.</summary>
    public JsonElement? Build { get; init; }
}

/// <summary>Where the bundle was built, and from what.</summary>
public sealed record BundleBuildInfo
{
    public string? BuiltBy { get; init; }

    public string? BuiltAt { get; init; }

    public string? Host { get; init; }

    public string? Compiler { get; init; }

    public BundleGitInfo? Git { get; init; }

    public IReadOnlyDictionary<string, string>? Custom { get; init; }
}

/// <summary>The commit a bundle was built from.</summary>
public sealed record BundleGitInfo
{
    public string? Commit { get; init; }

    public string? Branch { get; init; }

    public string? Tag { get; init; }

    public bool? Dirty { get; init; }
}

/// <summary>Archive paths of the bills of materials.</summary>
public sealed record BundleSbom
{
    public string? Cyclonedx { get; init; }

    public string? Spdx { get; init; }
}

/// <summary>A description of the plugin's messages.</summary>
public sealed record BundleSchema
{
    /// <summary>Archive path.</summary>
    public string? Path { get; init; }

    /// <summary><c>json-schema</c>, <c>c-header</c> or <c>unknown</c>.</summary>
    public string? Format { get; init; }

    /// <summary>SHA-256 in hex, with or without <c>sha256:</c> in front.</summary>
    public string? Checksum { get; init; }

    public string? Description { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true, AllowDuplicateProperties = false, MaxDepth = 32)]
[JsonSerializable(typeof(BundleManifest))]
internal sealed partial class BundleJson : JsonSerializerContext;
