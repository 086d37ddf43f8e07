using System.CommandLine;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Bundler;

/// <summary><c>create --name rtc --version 0.1.0 --lib linux-x86_64:build/librtc.so --sign-key signing.key</c></summary>
internal static class CreateCommand
{
    internal static Command Create()
    {
        var name = new Option<string>("--name") { Required = true };
        var version = new Option<string>("--version") { Required = true };
        var libraries = new Option<string[]>("--lib") { Description = "PLATFORM[:VARIANT]:PATH, as often as wanted", Required = true };
        var schemas = new Option<string[]>("--schema") { Description = "PATH:NAME, as often as wanted", DefaultValueFactory = _ => [] };
        var components = new Option<string[]>("--component") { Description = "NAME@VERSION of what is linked in, for the bill of materials", DefaultValueFactory = _ => [] };
        var license = new Option<string?>("--license") { Description = "SPDX id of the plugin's licence" };
        var compiler = new Option<string?>("--compiler") { Description = "What the libraries were built with, for the build information" };
        var key = new Option<FileInfo?>("--sign-key") { Description = "Without it the bundle is not signed" };
        var output = new Option<FileInfo?>("--output") { Description = "NAME-VERSION.rbp when absent" };
        var command = new Command("create", "Make a bundle") { name, version, libraries, schemas, components, license, compiler, key, output };
        command.SetAction(parsed => Run(
            new BundlePlugin { Name = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), License = parsed.GetValue(license) },
            parsed.GetRequiredValue(libraries), parsed.GetValue(schemas)!, parsed.GetValue(components)!, parsed.GetValue(compiler),
            parsed.GetValue(key), parsed.GetValue(output)));
        return command;
    }

    private static void Run(
        BundlePlugin plugin, string[] libraries, string[] schemas, string[] components, string? compiler, FileInfo? keyFile, FileInfo? output)
    {
        var sbom = new BillOfMaterials(plugin, [.. components.Select(ParseComponent)]);
        var writer = new BundleWriter(plugin)
        {
            BuildInfo = BuildInfo.Collect(compiler),
            Sbom = new BundleSbom { Cyclonedx = "sbom/sbom.cdx.json", Spdx = "sbom/sbom.spdx.json" },
        };
        foreach (var library in libraries)
        {
            AddLibrary(writer, library);
        }

        foreach (var schema in schemas)
        {
            var split = schema.LastIndexOf(':');
            var path = split < 0 ? schema : schema[..split];
            writer.AddSchema(split < 0 ? Path.GetFileName(schema) : schema[(split + 1)..], File.ReadAllBytes(path));
        }

        writer.AddFile("sbom/sbom.cdx.json", sbom.ToCycloneDx());
        writer.AddFile("sbom/sbom.spdx.json", sbom.ToSpdx());
        var target = output?.FullName ?? $"{plugin.Name}-{plugin.Version}.rbp";
        var key = keyFile is null ? null : MinisignSecretKey.Parse(File.ReadAllText(keyFile.FullName));
        using (var file = File.Create(target))
        {
            writer.Write(file, key);
        }

        Console.WriteLine(key is null ? $"{target} (not signed)" : $"{target} (signed by {key.PublicKey.Id})");
    }

    private static void AddLibrary(BundleWriter writer, string argument)
    {
        var parts = argument.Split(':', 3);
        if (parts.Length < 2)
        {
            throw new FormatException($"--lib is PLATFORM[:VARIANT]:PATH, not '{argument}'.");
        }

        var path = parts[^1];
        writer.AddLibrary(parts[0], parts.Length == 3 ? parts[1] : "release", Path.GetFileName(path), File.ReadAllBytes(path));
    }

    private static (string Name, string Version) ParseComponent(string argument)
    {
        var split = argument.LastIndexOf('@');
        return split > 0
            ? (argument[..split], argument[(split + 1)..])
            : throw new FormatException($"--component is NAME@VERSION, not '{argument}'.");
    }
}
