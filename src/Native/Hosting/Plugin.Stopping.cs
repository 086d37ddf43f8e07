using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

public sealed partial class Plugin
{
    // What the ABI says for an absent shutdown_timeout_ms.
    private static readonly TimeSpan DefaultShutdownTimeout = TimeSpan.FromSeconds(5);

    // The plugin keeps its own deadline; ours, a little later, only guards against one that does not.
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    public async Task<bool> StopAsync()
    {
        BeginStop();
        try
        {
            return await Completion.WaitAsync(StopDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            StopTimedOut(_logger, _image.Name, StopDeadline);
            return false;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    public void Dispose()
    {
        BeginStop();

        // Waiting inside a log callback would wait for that very callback.
        if (!LogCallbacks.IsInside && !Completion.Wait(StopDeadline))
        {
            StopTimedOut(_logger, _image.Name, StopDeadline);
        }
    }

    // First the calls in flight, then the plugin: each may take the whole timeout.
    private TimeSpan StopDeadline => 2 * _shutdownTimeout + StopGrace;

    private void BeginStop()
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 0)
        {
            Volatile.Write(ref _finalRejectedCount, PluginCalls.GetRejectedCount(_handle));
            _handle.BeginClose();

            // A thread of its own: stopping blocks, and the pool may be what the last calls wait for.
            new Thread(Stop) { IsBackground = true, Name = $"stop {_image.Name}" }.Start();
        }
    }

    private void Stop()
    {
        if (!_handle.Drained.Wait(_shutdownTimeout))
        {
            Tell(() => CallsStillInFlight(_logger, _image.Name, _shutdownTimeout));
        }

        Volatile.Write(ref _finalRejectedCount, PluginCalls.GetRejectedCount(_handle));
        var clean = _handle.Shutdown();
        if (!clean)
        {
            Tell(() => StopFailed(_logger, _image.Name));
        }

        CompletionCallback.FailAll(_handle, _image.Name);
        _handle.Complete(clean);
    }

    // A logger that throws would end the process, on this thread of ours.
    private static void Tell(Action log)
    {
        try
        {
            log();
        }
        catch (Exception)
        {
            LogCallbacks.CountFailure();
        }
    }
}
