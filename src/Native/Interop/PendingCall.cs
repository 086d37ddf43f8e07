using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>An asynchronous call that is out. It counts as a call inside its instance until it is settled.</summary>
internal sealed class PendingCall
{
    private readonly string _tag;
    private readonly CancellationToken _cancellationToken;
    private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _counter;
    private int _settled;

    internal PendingCall(PluginHandle handle, string tag, CancellationToken cancellationToken)
    {
        Handle = handle;
        _tag = tag;
        _cancellationToken = cancellationToken;
        _counter = handle.EnterShared();
    }

    /// <summary>The instance that was called.</summary>
    internal PluginHandle Handle { get; }

    /// <summary>The payload of the answer.</summary>
    internal Task<byte[]> Answer => _answer.Task;

    /// <summary>Settles the call with what the plugin answered.</summary>
    internal void Complete(ReadOnlySpan<byte> envelope, uint errorCode)
    {
        if (!Settle())
        {
            return;
        }

        try
        {
            _answer.TrySetResult(PluginEnvelope.Payload(envelope, errorCode, _tag).ToArray());
        }
        catch (PluginException exception) when (
            exception.Code == PluginErrorCode.Cancelled && _cancellationToken.IsCancellationRequested)
        {
            // The plugin's word for what the caller asked for, come before the caller's own side of it was done.
            _answer.TrySetCanceled(_cancellationToken);
        }
        catch (PluginException exception)
        {
            _answer.TrySetException(exception);
        }
    }

    /// <summary>Settles the call as its caller's token asks.</summary>
    internal void Cancel()
    {
        if (Settle())
        {
            _answer.TrySetCanceled(_cancellationToken);
        }
    }

    internal void Fail(Exception exception)
    {
        Settle();
        _answer.TrySetException(exception);
    }

    /// <summary>The plugin has stopped and answers nothing any more.</summary>
    internal void FailStopped(string plugin) => Fail(
        new PluginException(PluginErrorCode.RuntimeError, $"{plugin} stopped before it answered.") { Tag = _tag });

    /// <summary>The call was never sent: it ends without an answer.</summary>
    internal void Abandon() => Settle();

    private bool Settle()
    {
        if (Interlocked.Exchange(ref _settled, 1) != 0)
        {
            return false;
        }

        Handle.Leave(_counter);
        return true;
    }
}
