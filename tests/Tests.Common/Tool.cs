using System.Diagnostics;

namespace StreamGateway.Tests;

/// <summary>Runs a program of the system, such as ffmpeg.</summary>
public static class Tool
{
    /// <summary>Gives it <paramref name="input"/> and returns what it printed; fails with its error text.</summary>
    public static async Task<byte[]> RunAsync(string program, IEnumerable<string> arguments, byte[]? input = null)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.StandardInput.BaseStream.WriteAsync(input ?? []).AsTask().WithTimeout();
        process.StandardInput.Close();
        await process.WaitForExitAsync().WithTimeout();
        await copying.WithTimeout();
        return process.ExitCode == 0
            ? output.ToArray()
            : throw new InvalidOperationException($"{program} failed: {await errors}");
    }
}
