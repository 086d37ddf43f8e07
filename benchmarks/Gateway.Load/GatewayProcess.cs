using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Load;

/// <summary>A gateway started for one scenario, on free loopback ports, and what the kernel says about it.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private GatewayProcess(Process process, Uri url)
    {
        _process = process;
        Client = new GatewayClient(url);
    }

    public GatewayClient Client { get; }

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes => ReadStatus("VmRSS") * 1024;

    public long Threads => ReadStatus("Threads");

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static async Task<int> RunAsync(
        FileInfo gateway, Func<GatewayProcess, Task<bool>> scenario, CancellationToken cancellationToken)
    {
        await using var process = await StartAsync(gateway, cancellationToken);
        return await scenario(process) ? 0 : 1;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        using (Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
        }

        using var deadline = new CancellationTokenSource(StopDeadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            Console.WriteLine($"gateway exit code            {_process.ExitCode}");
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("the gateway did not stop in time: killed");
            _process.Kill();
        }

        _process.Dispose();
    }

    private static async Task<GatewayProcess> StartAsync(FileInfo gateway, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("dotnet", [gateway.FullName])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = gateway.DirectoryName,
            Environment =
            {
                ["PORT"] = port.ToString(CultureInfo.InvariantCulture),
                ["LOCAL_STREAM_PORT"] = FreePort().ToString(CultureInfo.InvariantCulture),
                ["LocalStream__SfuPort"] = "0",
                ["Serilog__MinimumLevel__Default"] = "Warning",
                // What the gateway remembers on purpose would hide what it forgets to give back.
                ["Sessions__RememberFor"] = "00:00:00",
            },
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("the gateway did not start");
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
            {
                Console.Error.WriteLine($"  gateway: {text}");
            }
        };
        process.BeginOutputReadLine();
        var running = new GatewayProcess(process, new Uri($"http://127.0.0.1:{port}"));
        await running.Client.WaitUntilReadyAsync(ReadyDeadline, cancellationToken);
        return running;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private long ReadStatus(string name)
    {
        foreach (var line in File.ReadLines($"/proc/{_process.Id}/status"))
        {
            if (line.StartsWith(name + ":", StringComparison.Ordinal))
            {
                return long.Parse(
                    line.AsSpan(name.Length + 1).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException($"no {name} in the process status");
    }
}
