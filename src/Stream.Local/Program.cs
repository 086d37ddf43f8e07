using System.CommandLine;
using GetStream.Local;

var options = ProgramOptions.Create();
var command = new RootCommand("Runs the embedded Stream by itself: coordinator and SFU, on this machine.");
options.AddTo(command);
command.SetAction((parsed, cancellationToken) => StandaloneHost.RunAsync(options.Read(parsed), cancellationToken));
return await command.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
