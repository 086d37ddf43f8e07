using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace StreamGateway.Tests.Server;

/// <summary>The gateway as a process of its own, as its operator starts it.</summary>
internal sealed partial class GatewayProcess : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Gateway.dll");

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <value>Everything it has printed.</value>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static GatewayProcess Start(params (string Name, string Value)[] environment) => StartWith([], environment);

    public static GatewayProcess StartWith(string[] arguments, params (string Name, string Value)[] environment) =>
        Start(new ProcessStartInfo("dotnet", [Program, .. arguments]), environment);

    /// <summary>With so many open files at most, as <c>ulimit -n</c> has it.</summary>
    public static GatewayProcess StartWithOpenFiles(int limit, params (string Name, string Value)[] environment) =>
        Start(new ProcessStartInfo("bash", ["-c", $"ulimit -n {limit} && exec dotnet \"$0\"", Program]), environment);

    private static GatewayProcess Start(ProcessStartInfo start, (string Name, string Value)[] environment)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["PORT"] = "0";
        start.Environment["LOCAL_STREAM_PORT"] = "0";
        start.Environment["LocalStream__SfuPort"] = "0";
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new GatewayProcess(Process.Start(start)!);
    }

    /// <summary>Where it listens, once it says so.</summary>
    public Task<Uri> UrlAsync() => _url.Task.WithTimeout();

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WithTimeout();
        // Its last lines too: they are read beside the end of the process.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public async Task TerminateAsync() => await Tool.RunAsync("kill", ["-TERM", $"{_process.Id}"]);

    /// <summary>Ends it without a word, as the kernel does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WithTimeout();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (GatewayLine().Match(line) is { Success: true } match)
        {
            _url.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Gateway +(http://\S+)")]
    private static partial Regex GatewayLine();
}
