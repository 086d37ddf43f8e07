using System.CommandLine;
using StreamGateway.Native.Bundler;
using StreamGateway.Native.Bundles;

// Makes keys and signed bundles of native plugins, and looks into them.
var root = new RootCommand("Signed bundles (.rbp) of native plugins")
{
    KeygenCommand.Create(),
    CreateCommand.Create(),
    InspectCommands.CreateList(),
    InspectCommands.CreateVerify(),
    InspectCommands.CreateExtract(),
};

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception exception) when (exception is BundleException or FormatException or IOException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine(exception is BundleException refused ? $"{refused.Error}: {refused.Message}" : exception.Message);
    return 1;
}
