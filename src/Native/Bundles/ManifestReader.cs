using System.Text.Json;
using System.Text.RegularExpressions;

namespace StreamGateway.Native.Bundles;

/// <summary>Reads a manifest and refuses one that does not say what it must, naming the member.</summary>
internal static partial class ManifestReader
{
    private const string SupportedMajor = "1";

    internal static BundleManifest Read(ReadOnlySpan<byte> json)
    {
        BundleManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, BundleJson.Default.BundleManifest) ?? throw Invalid("it is null");
        }
        catch (JsonException exception)
        {
            throw Invalid(exception.Message);
        }

        RequireText(manifest.BundleVersion, "bundle_version");
        RequireText(manifest.Plugin?.Name, "plugin.name");
        RequireText(manifest.Plugin?.Version, "plugin.version");
        if (manifest.BundleVersion!.Split('.')[0] != SupportedMajor)
        {
            throw new BundleException(
                BundleError.UnsupportedVersion, $"The bundle's format is {manifest.BundleVersion}; this host reads {SupportedMajor}.x.");
        }

        CheckPlatforms(manifest);
        CheckSchemas(manifest);
        return manifest;
    }

    private static void CheckPlatforms(BundleManifest manifest)
    {
        if (manifest.Platforms is not { Count: > 0 } platforms)
        {
            throw Invalid("platforms is empty");
        }

        foreach (var (key, platform) in platforms)
        {
            if (!BundlePlatforms.IsKnown(key))
            {
                throw Invalid($"platforms has the unknown key '{key}'");
            }

            if (platform?.Variants is not { } variants || !variants.ContainsKey("release"))
            {
                throw Invalid($"platforms.{key}.variants has no release");
            }

            foreach (var (name, variant) in variants)
            {
                CheckVariant($"platforms.{key}.variants.{name}", name, variant);
            }
        }
    }

    private static void CheckVariant(string where, string name, BundleVariant? variant)
    {
        if (!VariantName().IsMatch(name))
        {
            throw Invalid($"{where}: a variant's name has lower-case letters, digits and hyphens");
        }

        RequireText(variant?.Library, $"{where}.library");
        if (!Checksum().IsMatch(variant!.Checksum ?? ""))
        {
            throw Invalid($"{where}.checksum is not sha256: and 64 hex digits");
        }

        if (ArchiveNames.Problem(variant.Library!) is { } problem)
        {
            throw new BundleException(BundleError.UnsafeName, $"{where}.library {problem}.");
        }
    }

    private static void CheckSchemas(BundleManifest manifest)
    {
        foreach (var (name, schema) in manifest.Schemas ?? new Dictionary<string, BundleSchema>())
        {
            RequireText(schema?.Path, $"schemas.{name}.path");
            if ((ArchiveNames.Problem(name) ?? ArchiveNames.Problem(schema!.Path!)) is { } problem)
            {
                throw new BundleException(BundleError.UnsafeName, $"schemas.{name} {problem}.");
            }
        }
    }

    private static void RequireText(string? text, string member)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid($"{member} is missing");
        }
    }

    private static BundleException Invalid(string reason) => new(BundleError.InvalidManifest, $"The manifest is invalid: {reason}.");

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\z")]
    private static partial Regex VariantName();

    [GeneratedRegex(@"\Asha256:[0-9a-fA-F]{64}\z")]
    private static partial Regex Checksum();
}
