using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Tests.Browser;

/// <summary>The TCP way of the browser's signaling to the SFU, which tests cut and close. Media goes by UDP, past it.</summary>
internal sealed class SfuRoad : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _sfu;
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _refused;

    private SfuRoad(int sfuPort)
    {
        _sfu = new IPEndPoint(IPAddress.Loopback, sfuPort);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static SfuRoad To(int sfuPort) => new(sfuPort);

    /// <summary>Breaks every connection there is; new ones are let through.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            // Without time to linger it is a reset, as when a process is gone.
            socket.Close(timeout: 0);
        }
    }

    /// <summary>Breaks every connection, and refuses new ones until <see cref="Open"/>.</summary>
    /// <returns>Completes when the first new one was refused.</returns>
    public Task Close()
    {
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _refused = refused;
        Cut();
        return refused.Task;
    }

    public void Open() => _refused = null;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task CarryAsync(Socket browser)
    {
        _open[browser] = 0;
        using var sfu = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (_refused is { } refused)
            {
                browser.Close(timeout: 0);
                refused.TrySetResult();
                return;
            }

            await sfu.ConnectAsync(_sfu);
            _open[sfu] = 0;
            await Task.WhenAny(CopyAsync(browser, sfu), CopyAsync(sfu, browser));
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // cut
        }
        finally
        {
            browser.Dispose();
            _open.TryRemove(browser, out _);
            _open.TryRemove(sfu, out _);
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // cut, or closed by the other direction
        }
    }
}
