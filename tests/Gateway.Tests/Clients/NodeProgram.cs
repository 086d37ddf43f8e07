using System.Diagnostics;
using System.Text.Json;

namespace StreamGateway.Tests.Clients;

/// <summary>A program of <c>tests/node</c> that prints its steps, a line of JSON each.</summary>
internal static class NodeProgram
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>Runs it and returns what each step got, by the step's name; fails with what it printed as its errors.</summary>
    public static async Task<Dictionary<string, JsonElement>> RunAsync(string program, params string[] arguments)
    {
        var folder = Repository.PathOf("tests", "node");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules")),
            "The Node.js packages are missing: scripts/setup.sh --test installs them.");
        using var process = Process.Start(new ProcessStartInfo("node", [program, .. arguments])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WithTimeout(Deadline);
            Assert.True(process.ExitCode is 0, $"{await errors}\n{await output}");
            return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement)
                .ToDictionary(step => step.GetProperty("step").GetString()!, step => step.GetProperty("got"));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
