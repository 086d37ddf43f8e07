using System.CommandLine;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Bundler;

/// <summary><c>list</c>, <c>verify</c> and <c>extract</c>.</summary>
internal static class InspectCommands
{
    internal static Command CreateList()
    {
        var bundle = new Argument<FileInfo>("bundle");
        var command = new Command("list", "Say what is in a bundle, trusting nobody") { bundle };
        command.SetAction(parsed =>
        {
            using var opened = PluginBundle.Open(parsed.GetRequiredValue(bundle).FullName, BundleTrust.Anyone);
            Print(opened);
        });
        return command;
    }

    internal static Command CreateVerify()
    {
        var bundle = new Argument<FileInfo>("bundle");
        var key = PublicKeyOption();
        var command = new Command("verify", "Check every signature and checksum") { bundle, key };
        command.SetAction(parsed =>
        {
            using var opened = PluginBundle.Open(parsed.GetRequiredValue(bundle).FullName, Trust(parsed.GetRequiredValue(key)));
            opened.VerifyAll();
            Console.WriteLine("The bundle is whole, and signed with the trusted key.");
        });
        return command;
    }

    internal static Command CreateExtract()
    {
        var bundle = new Argument<FileInfo>("bundle");
        var key = PublicKeyOption();
        var variant = new Option<string?>("--variant") { Description = "release when absent" };
        var output = new Option<DirectoryInfo>("--output") { Description = "A folder with mode 0700; made when missing", Required = true };
        var command = new Command("extract", "Check the library for this machine and write it out") { bundle, key, variant, output };
        command.SetAction(parsed =>
        {
            using var opened = PluginBundle.Open(parsed.GetRequiredValue(bundle).FullName, Trust(parsed.GetRequiredValue(key)));
            Console.WriteLine(opened.ExtractLibrary(parsed.GetValue(variant), parsed.GetRequiredValue(output).FullName));
        });
        return command;
    }

    private static Option<string> PublicKeyOption() =>
        new("--public-key") { Description = "The key to trust: its text, or a .pub file", Required = true };

    private static BundleTrust Trust(string key) =>
        BundleTrust.Keys(MinisignPublicKey.Parse(File.Exists(key) ? File.ReadAllText(key) : key));

    private static void Print(PluginBundle bundle)
    {
        var manifest = bundle.Manifest;
        Console.WriteLine($"{manifest.Plugin!.Name} {manifest.Plugin.Version} (bundle format {manifest.BundleVersion})");
        foreach (var platform in bundle.Platforms)
        {
            Console.WriteLine($"  {platform}: {string.Join(", ", bundle.Variants(platform))}");
        }

        PrintList("schemas", manifest.Schemas?.Keys);
        PrintList("bill of materials", [manifest.Sbom?.Cyclonedx, manifest.Sbom?.Spdx]);
        PrintList("built", [manifest.BuildInfo?.BuiltBy, manifest.BuildInfo?.BuiltAt, manifest.BuildInfo?.Host, manifest.BuildInfo?.Compiler, manifest.BuildInfo?.Git?.Commit]);
        PrintList("files", bundle.Files);
    }

    private static void PrintList(string what, IEnumerable<string?>? items)
    {
        var text = string.Join(", ", (items ?? []).Where(item => item is not null));
        Console.WriteLine($"  {what}: {(text.Length > 0 ? text : "none")}");
    }
}
