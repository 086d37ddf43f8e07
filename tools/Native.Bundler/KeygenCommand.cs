using System.CommandLine;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Bundler;

/// <summary><c>keygen --output signing.key</c>: a key pair that minisign understands as well.</summary>
internal static class KeygenCommand
{
    internal static Command Create()
    {
        var output = new Option<FileInfo>("--output") { Description = "The secret key; the public one goes beside it, with .pub", Required = true };
        var command = new Command("keygen", "Make a signing key without a password") { output };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(output)));
        return command;
    }

    private static void Run(FileInfo output)
    {
        var key = MinisignSecretKey.Generate();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(output.FullName, options))
        {
            writer.Write(key.ToFileText());
        }

        File.WriteAllText(output.FullName + ".pub", key.PublicKey.ToFileText());
        Console.WriteLine($"{key.PublicKey.Id}  {key.PublicKey}");
    }
}
